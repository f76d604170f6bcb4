package main

// patchArea is the number of elements of a transformed tile.
const patchArea = 36

// winograd emits the kernels of Winograd convolution F(4x4, 3x3).
func winograd(a *asm) {
	multiply(a)
}
