// The numbers that ONNX gives the fields of its messages (onnx.proto).
#pragma once

namespace msfusion::onnx {

constexpr int kVersion = 1, kProducer = 2, kGraph = 7, kOperators = 8, kMetadata = 14;  // of a model
constexpr int kOperatorVersion = 2;                                                     // operators
constexpr int kKey = 1, kText = 2;                                                      // an entry of the metadata
constexpr int kNode = 1, kGraphName = 2, kConstant = 5, kInput = 11, kOutput = 12;      // a graph
constexpr int kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeKind = 4, kAttribute = 5;  // a node
constexpr int kAttributeName = 1, kReal = 2, kWhole = 3, kString = 4, kTensor = 5, kWholeList = 8, kKind = 20;  // ..
constexpr int kSizes = 1, kType = 2, kFloatData = 4, kWholeData = 7, kName = 8, kRaw = 9, kPlace = 14;  // a tensor
constexpr int kValueName = 1, kValueType = 2, kTensorType = 1, kElement = 1, kShape = 2;                // a value
constexpr int kDimension = 1, kSize = 1, kSizeName = 2;                                                 // a shape

constexpr int kFloats = 1, kWholes = 7;                                              // types of a tensor
constexpr int kIsReal = 1, kIsWhole = 2, kIsText = 3, kIsTensor = 4, kIsWholes = 7;  // kinds of an attribute

}  // namespace msfusion::onnx
