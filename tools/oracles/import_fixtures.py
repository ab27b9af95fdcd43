"""Writes Tests/DeixisImportTests/Fixtures: a few records in each format of referring expressions that `deixis-train import` reads.

Layouts and field names are those of the formats; sentences, numbers and pictures are made up. The tests draw the pictures.
"""
import json
import pickle
import sys
from pathlib import Path

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/DeixisImportTests/Fixtures")

# Three pictures of 64x48: 1 (train), 2 (val), 3 (testA and testB).
images = [{"id": i, "file_name": f"COCO_train2014_{i:012d}.jpg", "width": 64, "height": 48, "license": 1} for i in (1, 2, 3)]
boxes = {10: [1.5, 2.25, 20, 30], 11: [30, 5, 20.5, 20], 20: [4, 4, 40, 40], 30: [10, 10, 30, 30]}
owners = {10: 1, 11: 1, 20: 2, 30: 3}
annotations = [
    {"segmentation": [[1, 2, 3, 4, 5, 6]], "area": 1.0, "iscrowd": 0, "image_id": owners[i], "bbox": box, "category_id": 1, "id": i}
    for i, box in boxes.items()
] + [{"segmentation": {"counts": [1, 2], "size": [48, 64]}, "area": 1.0, "iscrowd": 1, "image_id": 1, "bbox": [0, 0, 5, 5], "category_id": 1, "id": 99}]
categories = [{"supercategory": "person", "id": 1, "name": "person"}]


def reference(number, annotation, split, sentences):
    return {
        "ref_id": number, "ann_id": annotation, "image_id": owners[annotation], "category_id": 1, "split": split,
        "file_name": f"COCO_train2014_{owners[annotation]:012d}_{number}.jpg", "sent_ids": list(range(len(sentences))),
        "sentences": [{"sent_id": i, "raw": s.upper(), "sent": s, "tokens": s.split()} for i, s in enumerate(sentences)],
    }


refcoco = folder / "refcoco"
refcoco.mkdir(parents=True, exist_ok=True)
references = [
    reference(0, 10, "train", ["the lady in blue", "left lady", "left lady"]),
    reference(1, 11, "train", ["left lady"]),
    reference(2, 20, "val", ["man with a red fruit pur é e"]),
    reference(3, 30, "testAB", ["kid"]),
]
(refcoco / "refs(unc).p").write_bytes(pickle.dumps(references, 2))
(refcoco / "refs(google).p").write_bytes(pickle.dumps(references, 0))
# Keys in another order than usual: annotations before images.
(refcoco / "instances.json").write_text(json.dumps(
    {"info": {"description": "made up"}, "annotations": annotations, "categories": categories, "licenses": [], "images": images}))

mdetr = folder / "mdetr"
mdetr.mkdir(exist_ok=True)
(mdetr / "finetune_refcoco_val.json").write_text(json.dumps({
    "info": [], "licenses": [],
    "images": [{"file_name": images[1]["file_name"], "height": 48, "width": 64, "id": 5, "original_id": 2, "caption": "man with an apple",
                "dataset_name": "refcoco", "tokens_negative": [[0, 17]]}],
    "annotations": [{"area": 1600.0, "iscrowd": 0, "image_id": 5, "category_id": 1, "id": 5, "bbox": [4, 4, 40, 40], "original_id": 20,
                     "tokens_positive": [[0, 3]]}],
    "categories": categories}))

seqtr = folder / "seqtr"
seqtr.mkdir(exist_ok=True)
(seqtr / "instances.json").write_text(json.dumps({
    "train": [{"image_id": 1, "bbox": boxes[10], "expressions": ["the lady in blue", "left lady"], "width": 64, "height": 48, "mask": [[1, 2]]}],
    "val": [{"image_id": 2, "bbox": boxes[20], "expressions": ["man"], "width": 64, "height": 48, "data_source": "coco"}]}))
simrec = folder / "simrec"
simrec.mkdir(exist_ok=True)
(simrec / "refcoco.json").write_text(json.dumps({
    "train": [{"iid": 1, "bbox": boxes[10], "cat_id": 0, "refs": ["the lady in blue", "left lady"], "mask_id": 17}],
    "testA": [{"iid": 3, "bbox": boxes[30], "cat_id": 0, "refs": ["kid"], "mask_id": 18}]}))

flickr = folder / "flickr30k"
for name in ("Sentences", "Annotations"):
    (flickr / name).mkdir(parents=True, exist_ok=True)
(flickr / "train.txt").write_text("36979\n")
(flickr / "Sentences" / "36979.txt").write_text(
    "[/EN#1/people An older man] with [/EN#2/bodyparts a bald head] in [/EN#0/notvisual it] .\n"
    "[/EN#1/people/other A man] and [/EN#3/scene a street] .\n")
(flickr / "Annotations" / "36979.xml").write_text("""<annotation>
  <filename>36979.jpg</filename>
  <size><width>64</width><height>48</height><depth>3</depth></size>
  <object><name>1</name><bndbox><xmin>3</xmin><ymin>5</ymin><xmax>23</xmax><ymax>45</ymax></bndbox></object>
  <object><name>2</name><bndbox><xmin>5</xmin><ymin>6</ymin><xmax>15</xmax><ymax>12</ymax></bndbox></object>
  <object><name>2</name><bndbox><xmin>25</xmin><ymin>4</ymin><xmax>35</xmax><ymax>10</ymax></bndbox></object>
  <object><name>3</name><scene>1</scene><nobndbox>0</nobndbox></object>
</annotation>
""")

genome = folder / "visual_genome"
genome.mkdir(exist_ok=True)
(genome / "image_data.json").write_text(json.dumps([
    {"image_id": 1, "url": "", "width": 64, "height": 48, "coco_id": None, "flickr_id": 1},
    {"image_id": 2, "url": "", "width": 64, "height": 48, "coco_id": 2, "flickr_id": None}]))
(genome / "region_descriptions.json").write_text(json.dumps([
    {"regions": [{"region_id": 100, "image_id": 1, "phrase": "the clock is green", "x": 5, "y": 6, "width": 10, "height": 12}], "id": 1},
    {"regions": [{"region_id": 101, "image_id": 2, "phrase": "a shop", "x": 1, "y": 1, "width": 30, "height": 30},
                 {"region_id": 102, "image_id": 2, "phrase": "far away", "x": -300, "y": 1, "width": 30, "height": 30}], "id": 2}]))

# TransVG's lists as PyTorch before 1.6 wrote them: pickles one after another, no tensors.
transvg = folder / "transvg"
transvg.mkdir(exist_ok=True)


def legacy(value):
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    return b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system, value, []))


attributes = [(f"r{i}", ["none"]) for i in range(1, 9)]
(transvg / "unc_val.pth").write_bytes(legacy([(images[1]["file_name"], "20.pth", boxes[20], "Man with an apple", attributes)]))
corners = [boxes[20][0], boxes[20][1], boxes[20][0] + boxes[20][2], boxes[20][1] + boxes[20][3]]
(transvg / "referit_val.pth").write_bytes(legacy([("2.jpg", "20.pth", corners, "man", attributes)]))
(transvg / "flickr_val.pth").write_bytes(legacy([("2.jpg", corners, "A man")]))

coco = folder / "coco"
coco.mkdir(exist_ok=True)
row = [[4 + 12 * i, 20, 8, 8] for i in range(5)]
(coco / "instances.json").write_text(json.dumps({
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
    "annotations": [{"id": i, "image_id": 1, "category_id": 18, "bbox": box, "iscrowd": 0} for i, box in enumerate(row)]
    + [{"id": 50, "image_id": 1, "category_id": 3, "bbox": [26, 2, 14, 8], "iscrowd": 0}],
    "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "car"}]}))
