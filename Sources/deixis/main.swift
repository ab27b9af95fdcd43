print("deixis")
