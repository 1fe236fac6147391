"""The layer tables of the thesis, appendix A, and our names for its layers.

A row is: the thesis's name and type of the layer, the shape of its input at
224x224 and at 416x512 (height x width x channels), and, where it has them, the
shapes of its trainable kernel and bias (scale and offset of a normalisation),
its stride and its pool's size. `*` stands for the size of its input.
"""

import dataclasses

ALEXNET = """
input_1 InputLayer 224x224x1 512x416x1
zero_padding2d ZeroPadding2D 224x224x1 512x416x1
conv1 Conv2D 228x228x1 516x420x1 11x11x1x96+96 4
pool1 MaxPooling2D 55x55x96 127x103x96 - 2 3
lrn_layer LRNLayer 27x27x96 63x51x96
zero_padding2d_1 ZeroPadding2D 27x27x96 63x51x96
split_layer SplitLayer 31x31x96 67x55x96
split_layer_1 SplitLayer 31x31x96 67x55x96
conv2_1 Conv2D 31x31x48 67x55x48 5x5x48x128+128 1
conv2_2 Conv2D 31x31x48 67x55x48 5x5x48x128+128 1
concatenate Concatenate 27x27x128 63x51x128
pool2 MaxPooling2D 27x27x256 63x51x256 - 2 3
lrn_layer_1 LRNLayer 13x13x256 31x25x256
zero_padding2d_2 ZeroPadding2D 13x13x256 31x25x256
conv3 Conv2D 15x15x256 33x27x256 3x3x256x384+384 1
zero_padding2d_3 ZeroPadding2D 13x13x384 31x25x384
split_layer_2 SplitLayer 15x15x384 33x27x384
split_layer_3 SplitLayer 15x15x384 33x27x384
conv4_1 Conv2D 15x15x192 33x27x192 3x3x192x192+192 1
conv4_2 Conv2D 15x15x192 33x27x192 3x3x192x192+192 1
concatenate_1 Concatenate 13x13x192 31x25x192
zero_padding2d_4 ZeroPadding2D 13x13x384 31x25x384
split_layer_4 SplitLayer 15x15x384 33x27x384
split_layer_5 SplitLayer 15x15x384 33x27x384
conv5_1 Conv2D 15x15x192 33x27x192 5x5x192x128+128 1
conv5_2 Conv2D 15x15x192 33x27x192 5x5x192x128+128 1
concatenate_2 Concatenate 11x11x128 29x23x128
pool5 MaxPooling2D 11x11x256 29x23x256 - 2 3
flatten Flatten 5x5x256 14x11x256
dense1 Dense 6400 39424 *x4096+4096
dropout Dropout 4096 4096
dense2 Dense 4096 4096 4096x4096+4096
dropout_1 Dropout 4096 4096
dense Dense 4096 4096 4096x2+2
prediction Activation 2 2
"""

RESNET = """
input_1 InputLayer 224x224x1 512x416x1
conv1_pad ZeroPadding2D 224x224x1 512x416x1
conv1 Conv2D 230x230x1 518x422x1 7x7x1x64+64 2
bn_conv1 BatchNormalization 112x112x64 256x208x64 64+64
activation Activation 112x112x64 256x208x64
pool1_pad ZeroPadding2D 112x112x64 256x208x64
max_pooling2d MaxPooling2D 114x114x64 258x210x64 - 2 3
res2a_branch2a Conv2D 56x56x64 128x104x64 1x1x64x64+64 1
bn2a_branch2a BatchNormalization 56x56x64 128x104x64 64+64
activation_1 Activation 56x56x64 128x104x64
res2a_branch2b Conv2D 56x56x64 128x104x64 3x3x64x64+64 1
bn2a_branch2b BatchNormalization 56x56x64 128x104x64 64+64
activation_2 Activation 56x56x64 128x104x64
res2a_branch2c Conv2D 56x56x64 128x104x64 1x1x64x256+256 1
res2a_branch1 Conv2D 56x56x64 128x104x64 1x1x64x256+256 1
bn2a_branch2c BatchNormalization 56x56x256 128x104x256 256+256
bn2a_branch1 BatchNormalization 56x56x256 128x104x256 256+256
add Add 56x56x256 128x104x256
activation_3 Activation 56x56x256 128x104x256
res2b_branch2a Conv2D 56x56x256 128x104x256 1x1x256x64+64 1
bn2b_branch2a BatchNormalization 56x56x64 128x104x64 64+64
activation_4 Activation 56x56x64 128x104x64
res2b_branch2b Conv2D 56x56x64 128x104x64 3x3x64x64+64 1
bn2b_branch2b BatchNormalization 56x56x64 128x104x64 64+64
activation_5 Activation 56x56x64 128x104x64
res2b_branch2c Conv2D 56x56x64 128x104x64 1x1x64x256+256 1
bn2b_branch2c BatchNormalization 56x56x256 128x104x256 256+256
add_1 Add 56x56x256 128x104x256
activation_6 Activation 56x56x256 128x104x256
res2c_branch2a Conv2D 56x56x256 128x104x256 1x1x256x64+64 1
bn2c_branch2a BatchNormalization 56x56x64 128x104x64 64+64
activation_7 Activation 56x56x64 128x104x64
res2c_branch2b Conv2D 56x56x64 128x104x64 3x3x64x64+64 1
bn2c_branch2b BatchNormalization 56x56x64 128x104x64 64+64
activation_8 Activation 56x56x64 128x104x64
res2c_branch2c Conv2D 56x56x64 128x104x64 1x1x64x256+256 1
bn2c_branch2c BatchNormalization 56x56x256 128x104x256 256+256
add_2 Add 56x56x256 128x104x256
activation_9 Activation 56x56x256 128x104x256
res3a_branch2a Conv2D 56x56x256 128x104x256 1x1x256x128+128 2
bn3a_branch2a BatchNormalization 28x28x128 64x52x128 128+128
activation_10 Activation 28x28x128 64x52x128
res3a_branch2b Conv2D 28x28x128 64x52x128 3x3x128x128+128 1
bn3a_branch2b BatchNormalization 28x28x128 64x52x128 128+128
activation_11 Activation 28x28x128 64x52x128
res3a_branch2c Conv2D 28x28x128 64x52x128 1x1x128x512+512 1
res3a_branch1 Conv2D 56x56x256 128x104x256 1x1x256x512+512 2
bn3a_branch2c BatchNormalization 28x28x512 64x52x512 512+512
bn3a_branch1 BatchNormalization 28x28x512 64x52x512 512+512
add_3 Add 28x28x512 64x52x512
activation_12 Activation 28x28x512 64x52x512
res3b_branch2a Conv2D 28x28x512 64x52x512 1x1x512x128+128 1
bn3b_branch2a BatchNormalization 28x28x128 64x52x128 128+128
activation_13 Activation 28x28x128 64x52x128
res3b_branch2b Conv2D 28x28x128 64x52x128 3x3x128x128+128 1
bn3b_branch2b BatchNormalization 28x28x128 64x52x128 128+128
activation_14 Activation 28x28x128 64x52x128
res3b_branch2c Conv2D 28x28x128 64x52x128 1x1x128x512+512 1
bn3b_branch2c BatchNormalization 28x28x512 64x52x512 512+512
add_4 Add 28x28x512 64x52x512
activation_15 Activation 28x28x512 64x52x512
res3c_branch2a Conv2D 28x28x512 64x52x512 1x1x512x128+128 1
bn3c_branch2a BatchNormalization 28x28x128 64x52x128 128+128
activation_16 Activation 28x28x128 64x52x128
res3c_branch2b Conv2D 28x28x128 64x52x128 3x3x128x128+128 1
bn3c_branch2b BatchNormalization 28x28x128 64x52x128 128+128
activation_17 Activation 28x28x128 64x52x128
res3c_branch2c Conv2D 28x28x128 64x52x128 1x1x128x512+512 1
bn3c_branch2c BatchNormalization 28x28x512 64x52x512 512+512
add_5 Add 28x28x512 64x52x512
activation_18 Activation 28x28x512 64x52x512
res3d_branch2a Conv2D 28x28x512 64x52x512 1x1x512x128+128 1
bn3d_branch2a BatchNormalization 28x28x128 64x52x128 128+128
activation_19 Activation 28x28x128 64x52x128
res3d_branch2b Conv2D 28x28x128 64x52x128 3x3x128x128+128 1
bn3d_branch2b BatchNormalization 28x28x128 64x52x128 128+128
activation_20 Activation 28x28x128 64x52x128
res3d_branch2c Conv2D 28x28x128 64x52x128 1x1x128x512+512 1
bn3d_branch2c BatchNormalization 28x28x512 64x52x512 512+512
add_6 Add 28x28x512 64x52x512
activation_21 Activation 28x28x512 64x52x512
res4a_branch2a Conv2D 28x28x512 64x52x512 1x1x512x256+256 2
bn4a_branch2a BatchNormalization 14x14x256 32x26x256 256+256
activation_22 Activation 14x14x256 32x26x256
res4a_branch2b Conv2D 14x14x256 32x26x256 3x3x256x256+256 1
bn4a_branch2b BatchNormalization 14x14x256 32x26x256 256+256
activation_23 Activation 14x14x256 32x26x256
res4a_branch2c Conv2D 14x14x256 32x26x256 1x1x256x1024+1024 1
res4a_branch1 Conv2D 28x28x512 64x52x512 1x1x512x1024+1024 2
bn4a_branch2c BatchNormalization 14x14x1024 32x26x1024 1024+1024
bn4a_branch1 BatchNormalization 14x14x1024 32x26x1024 1024+1024
add_7 Add 14x14x1024 32x26x1024
activation_24 Activation 14x14x1024 32x26x1024
res4b_branch2a Conv2D 14x14x1024 32x26x1024 1x1x1024x256+256 1
bn4b_branch2a BatchNormalization 14x14x256 32x26x256 256+256
activation_25 Activation 14x14x256 32x26x256
res4b_branch2b Conv2D 14x14x256 32x26x256 3x3x256x256+256 1
bn4b_branch2b BatchNormalization 14x14x256 32x26x256 256+256
activation_26 Activation 14x14x256 32x26x256
res4b_branch2c Conv2D 14x14x256 32x26x256 1x1x256x1024+1024 1
bn4b_branch2c BatchNormalization 14x14x1024 32x26x1024 1024+1024
add_8 Add 14x14x1024 32x26x1024
activation_27 Activation 14x14x1024 32x26x1024
res4c_branch2a Conv2D 14x14x1024 32x26x1024 1x1x1024x256+256 1
bn4c_branch2a BatchNormalization 14x14x256 32x26x256 256+256
activation_28 Activation 14x14x256 32x26x256
res4c_branch2b Conv2D 14x14x256 32x26x256 3x3x256x256+256 1
bn4c_branch2b BatchNormalization 14x14x256 32x26x256 256+256
activation_29 Activation 14x14x256 32x26x256
res4c_branch2c Conv2D 14x14x256 32x26x256 1x1x256x1024+1024 1
bn4c_branch2c BatchNormalization 14x14x1024 32x26x1024 1024+1024
add_9 Add 14x14x1024 32x26x1024
activation_30 Activation 14x14x1024 32x26x1024
res4d_branch2a Conv2D 14x14x1024 32x26x1024 1x1x1024x256+256 1
bn4d_branch2a BatchNormalization 14x14x256 32x26x256 256+256
activation_31 Activation 14x14x256 32x26x256
res4d_branch2b Conv2D 14x14x256 32x26x256 3x3x256x256+256 1
bn4d_branch2b BatchNormalization 14x14x256 32x26x256 256+256
activation_32 Activation 14x14x256 32x26x256
res4d_branch2c Conv2D 14x14x256 32x26x256 1x1x256x1024+1024 1
bn4d_branch2c BatchNormalization 14x14x1024 32x26x1024 1024+1024
add_10 Add 14x14x1024 32x26x1024
activation_33 Activation 14x14x1024 32x26x1024
res4e_branch2a Conv2D 14x14x1024 32x26x1024 1x1x1024x256+256 1
bn4e_branch2a BatchNormalization 14x14x256 32x26x256 256+256
activation_34 Activation 14x14x256 32x26x256
res4e_branch2b Conv2D 14x14x256 32x26x256 3x3x256x256+256 1
bn4e_branch2b BatchNormalization 14x14x256 32x26x256 256+256
activation_35 Activation 14x14x256 32x26x256
res4e_branch2c Conv2D 14x14x256 32x26x256 1x1x256x1024+1024 1
bn4e_branch2c BatchNormalization 14x14x1024 32x26x1024 1024+1024
add_11 Add 14x14x1024 32x26x1024
activation_36 Activation 14x14x1024 32x26x1024
res4f_branch2a Conv2D 14x14x1024 32x26x1024 1x1x1024x256+256 1
bn4f_branch2a BatchNormalization 14x14x256 32x26x256 256+256
activation_37 Activation 14x14x256 32x26x256
res4f_branch2b Conv2D 14x14x256 32x26x256 3x3x256x256+256 1
bn4f_branch2b BatchNormalization 14x14x256 32x26x256 256+256
activation_38 Activation 14x14x256 32x26x256
res4f_branch2c Conv2D 14x14x256 32x26x256 1x1x256x1024+1024 1
bn4f_branch2c BatchNormalization 14x14x1024 32x26x1024 1024+1024
add_12 Add 14x14x1024 32x26x1024
activation_39 Activation 14x14x1024 32x26x1024
res5a_branch2a Conv2D 14x14x1024 32x26x1024 1x1x1024x512+512 2
bn5a_branch2a BatchNormalization 7x7x512 16x13x512 512+512
activation_40 Activation 7x7x512 16x13x512
res5a_branch2b Conv2D 7x7x512 16x13x512 3x3x512x512+512 1
bn5a_branch2b BatchNormalization 7x7x512 16x13x512 512+512
activation_41 Activation 7x7x512 16x13x512
res5a_branch2c Conv2D 7x7x512 16x13x512 1x1x512x2048+2048 1
res5a_branch1 Conv2D 14x14x1024 32x26x1024 1x1x1024x2048+2048 2
bn5a_branch2c BatchNormalization 7x7x2048 16x13x2048 2048+2048
bn5a_branch1 BatchNormalization 7x7x2048 16x13x2048 2048+2048
add_13 Add 7x7x2048 16x13x2048
activation_42 Activation 7x7x2048 16x13x2048
res5b_branch2a Conv2D 7x7x2048 16x13x2048 1x1x2048x512+512 1
bn5b_branch2a BatchNormalization 7x7x512 16x13x512 512+512
activation_43 Activation 7x7x512 16x13x512
res5b_branch2b Conv2D 7x7x512 16x13x512 3x3x512x512+512 1
bn5b_branch2b BatchNormalization 7x7x512 16x13x512 512+512
activation_44 Activation 7x7x512 16x13x512
res5b_branch2c Conv2D 7x7x512 16x13x512 1x1x512x2048+2048 1
bn5b_branch2c BatchNormalization 7x7x2048 16x13x2048 2048+2048
add_14 Add 7x7x2048 16x13x2048
activation_45 Activation 7x7x2048 16x13x2048
res5c_branch2a Conv2D 7x7x2048 16x13x2048 1x1x2048x512+512 1
bn5c_branch2a BatchNormalization 7x7x512 16x13x512 512+512
activation_46 Activation 7x7x512 16x13x512
res5c_branch2b Conv2D 7x7x512 16x13x512 3x3x512x512+512 1
bn5c_branch2b BatchNormalization 7x7x512 16x13x512 512+512
activation_47 Activation 7x7x512 16x13x512
res5c_branch2c Conv2D 7x7x512 16x13x512 1x1x512x2048+2048 1
bn5c_branch2c BatchNormalization 7x7x2048 16x13x2048 2048+2048
add_15 Add 7x7x2048 16x13x2048
activation_48 Activation 7x7x2048 16x13x2048
avg_pool GlobalAveragePooling2D 7x7x2048 16x13x2048
fc1000 Dense 2048 2048 2048x2+2
"""

# The thesis's types of its own making, and what they are here.
TYPES = {"LRNLayer": "LocalResponseNormalisation", "SplitLayer": "Slice"}

# Names of AlexNet's layers that differ here.
ALEXNET_NAMES = {
    "input_1": "image",
    "zero_padding2d": "pad1", "zero_padding2d_1": "pad2",
    "zero_padding2d_2": "pad3", "zero_padding2d_3": "pad4",
    "zero_padding2d_4": "pad5",
    "lrn_layer": "norm1", "lrn_layer_1": "norm2",
    "split_layer": "slice2_1", "split_layer_1": "slice2_2",
    "split_layer_2": "slice4_1", "split_layer_3": "slice4_2",
    "split_layer_4": "slice5_1", "split_layer_5": "slice5_2",
    "concatenate": "concatenate2", "concatenate_1": "concatenate4",
    "concatenate_2": "concatenate5",
    "dropout": "dropout1", "dropout_1": "dropout2",
    "dense": "logits", "prediction": "probabilities",
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One layer; `inputs` holds the shape at 224x224 and at 416x512."""

    name: str
    kind: str
    inputs: tuple[tuple[int, ...], tuple[int, ...]]
    trainable: str
    stride: int | None
    pool: int | None

    def weights(self, configuration):
        """Shapes of what is trained."""
        text = self.trainable.replace(
            "*", str(self.inputs[configuration][-1]))
        return [_shape(part) for part in text.split("+")] if text else []


def rows(table):
    """The rows of ALEXNET or RESNET."""
    for line in table.strip().splitlines():
        name, kind, small, large, *rest = line.split()
        trainable, stride, pool = rest + ["-"] * (3 - len(rest))
        yield Row(name, TYPES.get(kind, kind), (_shape(small), _shape(large)),
                  trainable.replace("-", ""), _number(stride), _number(pool))


def resnet_names():
    """From the thesis's names, of Keras in 2017, to those of Keras 3."""
    names = {"input_1": "image", "conv1_pad": "conv1_pad",
             "conv1": "conv1_conv", "bn_conv1": "conv1_bn",
             "pool1_pad": "pool1_pad", "max_pooling2d": "pool1_pool",
             "avg_pool": "avg_pool", "fc1000": "logits"}
    blocks = [(stage, number) for stage, count in ((2, 3), (3, 4), (4, 6),
                                                   (5, 3))
              for number in range(1, count + 1)]
    activations = ["conv1_relu"]
    for index, (stage, number) in enumerate(blocks):
        old = f"{stage}{'abcdef'[number - 1]}"
        new = f"conv{stage}_block{number}"
        for branch, part in (("2a", 1), ("2b", 2), ("2c", 3), ("1", 0)):
            names[f"res{old}_branch{branch}"] = f"{new}_{part}_conv"
            names[f"bn{old}_branch{branch}"] = f"{new}_{part}_bn"
        names[f"add_{index}" if index else "add"] = f"{new}_add"
        activations += [f"{new}_1_relu", f"{new}_2_relu", f"{new}_out"]
    for index, name in enumerate(activations):
        names[f"activation_{index}" if index else "activation"] = name
    return names


def _shape(text):
    return tuple(int(part) for part in text.split("x"))


def _number(text):
    return None if text == "-" else int(text)
