// swift-tools-version: 6.1
// The map in code. Two houses, the lean runtime and the trainer, that meet in an ONNX file.
//
// LEAN=1 builds the lean set as Embedded Swift into libdeixis.so (C ABI, libc alone); see tools/build-libdeixis.
// Without it the same sources build as ordinary Swift modules for the commands, the tests and Swift users.
import PackageDescription

let lean = Context.environment["LEAN"] != nil

let swift: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (lean ? [.enableExperimentalFeature("Embedded"), .enableExperimentalFeature("DeferredCodeGen")] : [])

let parser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// MARK: - The lean set: no Foundation, no OpenBLAS, no protobuf library

let leanTargets: [Target] = [
    .target(name: "CDeixisKernels", exclude: kernelManifests, cSettings: [.headerSearchPath(".")]),
    .target(name: "CDeixisSystem", linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("m")]),
    .target(name: "DeixisGraph", dependencies: ["CDeixisSystem"], swiftSettings: swift),
    .target(name: "DeixisONNX", dependencies: ["DeixisGraph", "CDeixisSystem"], swiftSettings: swift),
    .target(name: "DeixisInput", dependencies: ["CDeixisKernels", "CDeixisSystem"], swiftSettings: swift),
    .target(
        name: "DeixisRuntime",
        dependencies: ["DeixisGraph", "DeixisONNX", "CDeixisKernels", "CDeixisSystem"],
        swiftSettings: swift),
    .target(
        name: "DeixisModel",
        dependencies: ["DeixisRuntime", "DeixisONNX", "DeixisGraph", "DeixisInput", "CDeixisSystem"],
        exclude: ["Bundled"], swiftSettings: swift),
    .target(name: "CDeixis"),
    .target(
        name: "DeixisC",
        dependencies: ["CDeixis", "CDeixisSystem", "DeixisModel", "DeixisRuntime", "DeixisONNX", "DeixisInput"],
        exclude: ["libdeixis.map"], swiftSettings: swift),
]

/// `kernels.def` files are included by C sources; SwiftPM need not warn about them.
var kernelManifests: [String] {
    [
        "attention_f32", "attention_s8", "binary_f32", "depthwise_f32", "depthwise_s8", "gemm_f32", "gemm_s8",
        "layernorm_f32", "layernorm_u8", "letterbox_u8", "normalize_u8", "pool_f32", "pool_u8", "quantize_u8",
        "reduce_f32", "resize_f32", "softmax_f32",
        "transpose", "unary_f32", "winograd_f32",
    ].map { "\($0)/kernels.def" }
}

// MARK: - The training house, images and the commands

let fullTargets: [Target] = [
    // What a lean library does without.
    .target(name: "DeixisOperators", dependencies: ["DeixisRuntime", "DeixisGraph"], swiftSettings: swift),
    .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CSpng", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
    .target(name: "CDeixisProto", linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(
        name: "CDeixisTensor", dependencies: ["CDeixisKernels", "CDeixisSystem"], linkerSettings: [.linkedLibrary("dl")]
    ),
    .target(name: "DeixisFiles", dependencies: ["CDeixisSystem"], swiftSettings: swift),
    .target(name: "DeixisPickle", dependencies: ["DeixisFiles"], swiftSettings: swift),
    .target(name: "DeixisExport", dependencies: ["CDeixisProto", "DeixisFiles", "DeixisGraph"], swiftSettings: swift),
    .target(
        name: "DeixisQuantization", dependencies: ["DeixisRuntime", "DeixisGraph"], swiftSettings: swift),
    .target(
        name: "DeixisImage", dependencies: ["CTurboJPEG", "CSpng", "DeixisFiles", "DeixisInput"], swiftSettings: swift),
    .target(
        name: "DeixisTraining",
        dependencies: ["DeixisExport", "DeixisFiles", "DeixisGraph", "CDeixisSystem", "CDeixisTensor"],
        swiftSettings: swift),
    .target(name: "CDeixisMPI", linkerSettings: [.linkedLibrary("dl"), .linkedLibrary("pthread")]),
    .target(
        name: "DeixisGrounding",
        dependencies: [
            "CDeixisMPI", "CDeixisSystem", "DeixisTraining", "DeixisExport", "DeixisFiles", "DeixisPickle",
            "DeixisGraph", "DeixisInput",
            "DeixisImage", "DeixisQuantization", "DeixisRuntime",
        ],
        swiftSettings: swift),
    .target(
        name: "DeixisImport",
        dependencies: ["DeixisPickle", "DeixisGrounding", "DeixisFiles", "DeixisInput", "DeixisImage"],
        swiftSettings: swift),
    .target(name: "CDeixisPeaks"),
    .target(name: "CDeixisCommand"),
    .target(name: "DeixisCommand", dependencies: ["CDeixisCommand", "DeixisFiles", parser], swiftSettings: swift),
    .executableTarget(
        name: "deixis",
        dependencies: [
            "DeixisModel", "DeixisOperators", "DeixisRuntime", "DeixisONNX", "DeixisGraph", "DeixisInput",
            "DeixisImage", "DeixisFiles", "DeixisCommand",
            "CDeixisSystem", "CDeixisPeaks",
            parser,
        ],
        swiftSettings: swift),
    .executableTarget(
        name: "deixis-quantize",
        dependencies: [
            "DeixisQuantization", "DeixisGrounding", "DeixisExport", "DeixisOperators", "DeixisRuntime", "DeixisONNX",
            "DeixisGraph", "DeixisInput", "DeixisImage", "DeixisFiles",
            "DeixisCommand", parser,
        ],
        swiftSettings: swift),
    .executableTarget(
        name: "deixis-train",
        dependencies: [
            "DeixisImport", "DeixisPickle", "DeixisGrounding", "DeixisTraining", "DeixisModel", "DeixisRuntime",
            "DeixisGraph", "DeixisInput",
            "DeixisImage", "DeixisFiles", "DeixisCommand", parser,
        ],
        swiftSettings: swift),
]

// MARK: - Tests mirror Sources

// `Fixtures` folders hold expected values and small files, found through #filePath.

let testTargets: [Target] = [
    // In C, so that an emulator of another CPU can run them too; see tools/test-kernels-cross.
    .target(
        name: "CDeixisKernelsChecks", dependencies: ["CDeixisKernels"], path: "Tests/CDeixisKernelsChecks",
        exclude: ["main.c", "bench.c"]),
    // In C, for it compiles the pool once more with pauses in it; tools/pool-stress runs it under ThreadSanitizer.
    .target(
        name: "CDeixisSystemChecks", dependencies: ["CDeixisSystem"], path: "Tests/CDeixisSystemChecks",
        exclude: ["main.c"]),
    .testTarget(
        name: "CDeixisKernelsTests",
        dependencies: [
            "CAllocations", "CDeixisKernels", "CDeixisKernelsChecks", "CDeixisSystem", "CDeixisSystemChecks",
        ],
        exclude: ["Fixtures"], swiftSettings: swift),
    .target(
        name: "TestSupport", dependencies: ["DeixisExport", "DeixisGraph", "DeixisInput"], path: "Tests/Support",
        swiftSettings: swift),
    .testTarget(name: "DeixisGraphTests", dependencies: ["DeixisGraph"], exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
        name: "DeixisONNXTests", dependencies: ["DeixisONNX", "DeixisGraph", "CDeixisProto", "DeixisExport"],
        exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
        name: "DeixisInputTests", dependencies: ["DeixisInput", "CDeixisSystem"], exclude: ["Fixtures"],
        swiftSettings: swift),
    // Random graphs, run in every way there is; tools/differential and a test share them.
    .target(
        name: "DifferentialGraphs", dependencies: ["DeixisRuntime", "DeixisGraph", "DeixisFiles"],
        path: "Tests/DifferentialGraphs", swiftSettings: swift),
    .executableTarget(
        name: "deixis-differential", dependencies: ["DifferentialGraphs", "DeixisExport", "DeixisGraph", parser],
        path: "Tests/deixis-differential", swiftSettings: swift),
    .testTarget(name: "DifferentialTests", dependencies: ["DifferentialGraphs", "DeixisGraph"], swiftSettings: swift),
    .testTarget(
        name: "DeixisRuntimeTests",
        dependencies: [
            "CAllocations", "CDeixisKernels", "CDeixisSystem", "DeixisOperators", "DeixisRuntime", "DeixisONNX",
            "DeixisGraph", "DeixisExport",
        ],
        exclude: [
            "Fixtures", "Conformance/onnx-1.12.txt", "Conformance/onnx-newest.txt", "Conformance/simple.txt",
            "Conformance/pytorch-operator.txt", "Conformance/pytorch-converted.txt",
        ], swiftSettings: swift),
    // Stands before the C library's malloc and Swift's reference counting in the test program, and counts where a test asks for it.
    .target(name: "CAllocations", path: "Tests/CAllocations", linkerSettings: [.linkedLibrary("dl")]),
    .testTarget(
        name: "DeixisModelTests",
        dependencies: [
            "CAllocations", "CDeixisSystem", "TestSupport", "DeixisRuntime", "DeixisModel", "DeixisInput",
            "DeixisImage", "DeixisExport", "DeixisGraph", "DeixisGrounding", "DeixisTraining",
        ], exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(name: "DeixisFilesTests", dependencies: ["DeixisFiles"], swiftSettings: swift),
    .testTarget(
        name: "DeixisExportTests",
        dependencies: ["DeixisExport", "DeixisFiles", "CDeixisProto", "DeixisGraph", "DeixisONNX"],
        exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
        name: "DeixisImageTests", dependencies: ["DeixisImage", "DeixisFiles", "DeixisInput"], exclude: ["Fixtures"],
        swiftSettings: swift),
    .testTarget(
        name: "DeixisTrainingTests",
        dependencies: [
            "DeixisTraining", "DeixisFiles", "CDeixisSystem", "CDeixisTensor", "DeixisExport", "DeixisGraph",
        ], exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
        name: "DeixisGroundingTests",
        dependencies: [
            "DeixisGrounding", "DeixisFiles", "DeixisTraining", "DeixisInput", "DeixisImage", "DeixisGraph",
            "DeixisQuantization", "DeixisRuntime", "DeixisModel",
        ],
        exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(name: "DeixisPickleTests", dependencies: ["DeixisPickle"], exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
        name: "DeixisImportTests",
        dependencies: ["DeixisImport", "DeixisPickle", "DeixisGrounding", "DeixisFiles", "DeixisInput", "DeixisImage"],
        exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
        name: "DeixisQuantizationTests",
        dependencies: ["DeixisQuantization", "DeixisRuntime", "DeixisGraph", "DeixisExport"], swiftSettings: swift),
    // Reads bytes of strangers, a function a kind of bytes: tools/fuzz feeds them by libFuzzer, a test with what fell once. Some are the
    // command's own files, which is no library: links to them lie in Command/.
    .target(
        name: "FuzzTargets",
        dependencies: [
            "DeixisRuntime", "DeixisGraph", "DeixisInput", "DeixisImage", "DeixisTraining", "DeixisGrounding",
            "DeixisImport", "DeixisPickle",
            "DeixisFiles", "DeixisCommand", "CDeixisSystem",
        ],
        path: "Tests/Fuzz/Targets", swiftSettings: swift),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Replay", swiftSettings: swift),
    .testTarget(
        name: "CommandTests",
        dependencies: [
            "CAllocations", "deixis", "DeixisCommand", "DeixisFiles", "deixis-quantize", "deixis-train", "TestSupport",
            "DeixisModel", "DeixisImage", "DeixisExport", "DeixisGraph", "DeixisInput",
        ], exclude: ["Fixtures"], swiftSettings: swift),
]

/// libFuzzer's flags, which its program needs, break every other: FUZZ=1 in tools/fuzz alone.
let fuzzTargets: [Target] =
    Context.environment["FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "deixis-fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver", swiftSettings: swift)
    ]

let package = Package(
    name: "Deixis",
    products: lean
        ? [.library(name: "deixis", type: .dynamic, targets: ["DeixisC"])]
        : [
            .library(
                name: "Deixis",
                targets: [
                    "DeixisModel", "DeixisOperators", "DeixisRuntime", "DeixisGraph", "DeixisInput", "DeixisImage",
                ]),
            .executable(name: "deixis", targets: ["deixis"]),
            .executable(name: "deixis-quantize", targets: ["deixis-quantize"]),
            .executable(name: "deixis-train", targets: ["deixis-train"]),
        ],
    dependencies: lean
        ? []
        : [
            // Subcommands, --help and validation; a well-kept library where nothing is ours to win.
            .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
        ],
    targets: lean ? leanTargets : leanTargets + fullTargets + testTargets + fuzzTargets,
    cLanguageStandard: .c11
)
