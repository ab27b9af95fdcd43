import DeixisFiles
import DeixisImage
import DeixisImport
import DeixisPickle
import Foundation

extension FuzzTarget {
    /// Pickles and files of `torch.save`: read as data, their tensors too.
    static let pickle = FuzzTarget(
        "pickle",
        run: { bytes in
            guard let path = Scratch.file("pickle", bytes) else { return }
            if let tree = try? PickleTree(file: path, globals: PickleTree.numPyGlobals) { look(tree.root, in: tree) }
            guard let file = try? TorchFile(path) else { return }
            look(file.tree.root, in: file.tree)
            for (name, tensor) in file.tensors(in: file.tree.root) where tensor.shape.reduce(1, { $0 &* $1 }) < 1 << 20
            {
                _ = try? file.values(of: tensor, named: name)
            }
        })

    private static func look(_ value: PickleValue, in tree: PickleTree) {
        _ = (
            tree.label(value), tree.text(value), tree.bytes(value), tree.number(value), tree.integer(value),
            tree.numbers(value), tree.tensor(value)
        )
        for element in (tree.elements(value) ?? []).prefix(100) {
            _ = (
                tree.label(element), tree.numbers(element), tree.field("sentences", of: element),
                tree.field("ref_id", of: element)
            )
        }
    }

    /// Annotations in JSON, each file read as every format that `deixis-train import` knows.
    static let annotations = FuzzTarget(
        "annotations",
        seeds: {
            [
                #"{"images":[{"id":1,"file_name":"a.png","width":9,"height":7,"caption":"a star"}],"annotations":"#
                    + #"[{"id":2,"image_id":1,"category_id":3,"bbox":[1,1,4,4],"iscrowd":0}],"categories":[{"id":3,"name":"star"}]}"#,
                #"{"val":[{"image_id":"a.png","bbox":[1,1,4,4],"expressions":["star"],"width":9,"height":7,"mask_id":4}]}"#,
            ].map { Array($0.utf8) }
        },
        run: { bytes in
            guard PictureFolder.isMade, let path = Scratch.file("annotations.json", bytes) else { return }
            let out = Scratch.folder + "/out"
            defer { try? FileManager.default.removeItem(atPath: out) }
            var options = ImportOptions(images: Scratch.folder, out: out)
            (options.skipBad, options.overwrite) = (true, true)
            let sources: [any ReferenceSource] = [
                MDETRFile(path), SplitsFile(path, numbersAreCOCO: true), CocoExpressions(path),
            ]
            for source in sources {
                do throws(ImportError) {
                    let importer = try Importer(options)
                    try source.read(into: importer)
                    _ = try importer.finish(from: path).text()
                } catch { _ = error.description }
            }
        })
}
