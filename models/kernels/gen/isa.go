package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanes is the number of channels in a block, lineBytes their size.
const (
	lanes     = 16
	lineBytes = 4 * lanes
)

// isa is an instruction set.
type isa struct {
	name   string // in file names
	suffix string // of function names
	width  int    // float32 values in a vector register
}

var (
	avx2   = isa{name: "avx2", suffix: "AVX2", width: 8}
	avx512 = isa{name: "avx512", suffix: "AVX512", width: 16}
)

// asm writes functions for one instruction set. A block of 16 lanes is one ZMM
// register, or two YMM registers: kernels that have registers to spare hold
// both ([asm.parts] of them), the others take the two halves of a block one
// after the other ([asm.halves]).
type asm struct {
	*build.Context
	isa
	labels    int
	constants map[float32]operand.Mem    // of the file
	held      map[float32]reg.VecVirtual // of the function
	past      bool                       // stores of [asm.storePast] go past the caches
}

func newAsm(set isa) *asm {
	return &asm{Context: build.NewContext(), isa: set, constants: map[float32]operand.Mem{}}
}

// bytes is the size of a vector register.
func (a *asm) bytes() int { return 4 * a.width }

// parts is the number of registers that hold a block.
func (a *asm) parts() int { return lanes / a.width }

// function starts a function; params is its parameter list.
func (a *asm) function(name, params, doc string) {
	a.held = map[float32]reg.VecVirtual{}
	a.Function(name + a.suffix)
	a.Attributes(attr.NOSPLIT)
	a.SignatureExpr("func(" + params + ")")
	a.Pragma("noescape")
	a.Doc(name + a.suffix + " " + doc)
}

// end returns from the function.
func (a *asm) end() {
	a.VZEROUPPER()
	a.RET()
}

// pointer loads the address of a slice parameter's elements.
func (a *asm) pointer(param string) reg.Register {
	return a.Load(a.Param(param).Base(), a.GP64())
}

// integer loads an int parameter.
func (a *asm) integer(param string) reg.Register {
	return a.Load(a.Param(param), a.GP64())
}

// size loads an int parameter that counts float32 values, as bytes.
func (a *asm) size(param string) reg.Register {
	r := a.integer(param)
	a.SHLQ(operand.U8(2), r)
	return r
}

// clone copies a general-purpose register.
func (a *asm) clone(r reg.Register) reg.Register {
	c := a.GP64()
	a.MOVQ(r, c)
	return c
}

// vec is a new vector register.
func (a *asm) vec() reg.VecVirtual {
	if a.width == 8 {
		return a.YMM()
	}
	return a.ZMM()
}

// vecs are n new vector registers.
func (a *asm) vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = a.vec()
	}
	return v
}

// load reads a vector from memory.
func (a *asm) load(m operand.Mem) reg.VecVirtual {
	v := a.vec()
	a.VMOVUPS(m, v)
	return v
}

// storePast writes a vector that is not read again soon, see [asm.pastCaches].
func (a *asm) storePast(x reg.Register, m operand.Mem) {
	if a.past {
		a.VMOVNTPS(x, m)
	} else {
		a.VMOVUPS(x, m)
	}
}

// pastCaches emits body twice: for addresses and strides that are multiples of
// a cache line with stores past the caches, which do not read a line only to
// write it, and for others with ordinary ones. body returns from the function.
func (a *asm) pastCaches(aligned []reg.Register, body func()) {
	ordinary := a.label("ordinary")
	for _, r := range aligned {
		a.TESTQ(operand.U32(lineBytes-1), r)
		a.JNZ(operand.LabelRef(ordinary))
	}
	a.past = true
	body()
	a.past = false
	a.Label(ordinary)
	body()
}

// broadcast reads one float32 into every lane.
func (a *asm) broadcast(m operand.Mem) reg.VecVirtual {
	v := a.vec()
	a.VBROADCASTSS(m, v)
	return v
}

// zero clears v.
func (a *asm) zero(v reg.Register) { a.VXORPS(v, v, v) }

// number is an operand with x in every lane: a register if the function holds
// x, else read-only memory.
func (a *asm) number(x float32) operand.Op {
	if v, ok := a.held[x]; ok {
		return v
	}
	return a.constant(x)
}

// hold loads numbers into registers for the operands that [asm.number] gives
// from here on.
func (a *asm) hold(numbers ...float32) {
	for _, x := range numbers {
		a.held[x] = a.load(a.constant(x))
	}
}

// holdWide does the same if there are 32 registers.
func (a *asm) holdWide(numbers ...float32) {
	if a.width == 16 {
		a.hold(numbers...)
	}
}

// release forgets a held number.
func (a *asm) release(x float32) { delete(a.held, x) }

// constant is a vector in read-only memory with x in every lane.
func (a *asm) constant(x float32) operand.Mem {
	if m, ok := a.constants[x]; ok {
		return m
	}
	m := a.StaticGlobal(fmt.Sprintf("constant%d", len(a.constants)))
	a.DataAttributes(attr.RODATA | attr.NOPTR)
	for range a.width {
		a.AppendDatum(operand.F32(x))
	}
	a.constants[x] = m
	return m
}

// label is a new label that starts with name.
func (a *asm) label(name string) string {
	a.labels++
	return fmt.Sprintf("%s%d", name, a.labels)
}

// local reserves a word on the stack. Counters of outer loops live there.
func (a *asm) local() operand.Mem { return a.AllocLocal(8) }

// loop emits body once; it runs count times, at least once. count, a register
// or a local, is used up.
func (a *asm) loop(count operand.Op, body func()) {
	a.loopBy(1, count, body)
}

// loopBy does the same for a body that does step of count at a time.
func (a *asm) loopBy(step int, count operand.Op, body func()) {
	top := a.label("loop")
	a.Label(top)
	body()
	a.SUBQ(operand.U8(step), count)
	a.JNZ(operand.LabelRef(top))
}

// repeat runs body a fixed number of times.
func (a *asm) repeat(times int, body func()) {
	count := a.local()
	a.MOVQ(operand.U32(times), count)
	a.loop(count, body)
}

// forParam runs body as often as an int parameter says, at least once.
func (a *asm) forParam(param string, body func()) {
	count := a.local()
	a.MOVQ(a.integer(param), count)
	a.loop(count, body)
}

// advance adds an int parameter that counts float32 values to a pointer.
func (a *asm) advance(pointer reg.Register, param string) {
	a.LEAQ(operand.Mem{Base: pointer, Index: a.integer(param), Scale: 4}, pointer)
}

// halves runs body for each register's worth of a block: once, or twice with
// the pointers moved from the first half of the block to the second. body must
// leave the pointers as it found them.
func (a *asm) halves(body func(), pointers ...reg.Register) {
	if a.parts() == 1 {
		body()
		return
	}
	a.repeat(a.parts(), func() {
		body()
		for _, p := range pointers {
			a.ADDQ(operand.U8(a.bytes()), p)
		}
	})
	for _, p := range pointers {
		a.SUBQ(operand.U8(lineBytes), p)
	}
}

// positive is the comparison x > 0, lane by lane; zero holds zeros. It is a
// mask for [asm.keep].
func (a *asm) positive(x reg.Register, zero operand.Op) reg.Register {
	const greater = 0x1e // GT_OQ: ordered, quiet; false for NaN, as in Go
	var m reg.Register
	if a.width == 8 {
		m = a.YMM()
	} else {
		m = a.K()
	}
	a.VCMPPS(operand.U8(greater), zero, x, m)
	return m
}

// keep sets dst to the lanes of x where mask is true, 0 elsewhere.
func (a *asm) keep(mask reg.Register, x operand.Op, dst reg.Register) {
	if a.width == 8 {
		a.VANDPS(x, mask, dst)
	} else {
		a.VMOVUPS_Z(x, mask, dst)
	}
}
