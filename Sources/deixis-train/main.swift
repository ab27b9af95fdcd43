print("deixis-train")
