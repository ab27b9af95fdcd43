import DeixisFiles
import DeixisGrounding

/// Pictures by which a data set measures: training on them would make its measure worthless.
enum Exclusion {
    /// Of a data set's folder: all its pictures; of a folder with one folder per split: those of every split but
    /// `train`.
    static func pictures(of folder: String) throws(ImportError) -> Set<String> {
        if exists(folder + "/manifest.jsonl") { return try pictures(inManifest: folder + "/manifest.jsonl") }
        var result: Set<String> = [], found = false
        for (name, _) in try ImportError.file({ () throws(FileError) in try contents(ofFolder: folder) }) {
            let manifest = folder + "/" + name + "/manifest.jsonl"
            guard exists(manifest) else { continue }
            found = true
            if name != "train" { result.formUnion(try pictures(inManifest: manifest)) }
        }
        if !found {
            throw .empty(path: folder, what: "manifest.jsonl in it or in a folder of it; import that data set first")
        }
        return result
    }

    private static func pictures(inManifest path: String) throws(ImportError) -> Set<String> {
        let bytes = try ImportError.file { () throws(FileError) in try readFile(path) }
        var result: Set<String> = []
        for line in bytes.split(separator: 0x0A) {
            var reader = JSONReader(Array(line), path: path)
            var image: String?, id: Int?
            try ImportError.json { () throws(JSONReaderError) in
                try reader.object { reader, key throws(JSONReaderError) in
                    switch key {
                    case "image": image = try reader.string()
                    case "coco_id": id = try reader.integer()
                    default: try reader.skip()
                    }
                }
            }
            guard let name = image?.split(separator: "/").last else { continue }
            result.insert(PictureName(String(name), cocoID: id).identity)
        }
        return result
    }
}
