package main

import (
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// stream runs body over streams of any length: vector with whole registers,
// then scalar with the values that are left, one at a time. length is the
// slice parameter that has it. Both are given the streams' addresses.
func (a *asm) stream(length string, streams []reg.Register, vector, scalar func(at []operand.Mem)) {
	count := a.Load(a.Param(length).Len(), a.GP64())
	index := a.GP64()
	a.XORQ(index, index)
	var at []operand.Mem
	for _, s := range streams {
		at = append(at, operand.Mem{Base: s, Index: index, Scale: 4})
	}
	top, tail, one, done := a.label("vector"), a.label("tail"), a.label("scalar"), a.label("done")
	a.SUBQ(operand.U8(a.width), count)
	a.JLT(operand.LabelRef(tail))
	a.Label(top)
	vector(at)
	a.ADDQ(operand.U8(a.width), index)
	a.SUBQ(operand.U8(a.width), count)
	a.JGE(operand.LabelRef(top))
	a.Label(tail)
	a.ADDQ(operand.U8(a.width), count)
	a.JZ(operand.LabelRef(done))
	a.Label(one)
	scalar(at)
	a.INCQ(index)
	a.DECQ(count)
	a.JNZ(operand.LabelRef(one))
	a.Label(done)
	a.end()
}

func add(a *asm) {
	a.function("add", "dst, src []float32", "is Add of a Set.")
	a.stream("dst", []reg.Register{a.pointer("dst"), a.pointer("src")},
		func(at []operand.Mem) {
			x := a.load(at[0])
			a.VADDPS(at[1], x, x)
			a.VMOVUPS(x, at[0])
		},
		func(at []operand.Mem) {
			x := a.XMM()
			a.VMOVSS(at[0], x)
			a.VADDSS(at[1], x, x)
			a.VMOVSS(x, at[0])
		})
}

func update(a *asm) {
	a.function("update", "w, v, g []float32, rate, momentum, decay float32", "is Update of a Set.")
	everywhere := func(param string) reg.VecVirtual {
		p, err := a.Param(param).Resolve()
		if err != nil {
			panic(err) // the signature is above
		}
		return a.broadcast(p.Addr)
	}
	rate, momentum, decay := everywhere("rate"), everywhere("momentum"), everywhere("decay")
	a.stream("w", []reg.Register{a.pointer("w"), a.pointer("v"), a.pointer("g")},
		func(at []operand.Mem) {
			w, v := a.load(at[0]), a.load(at[1])
			x := a.load(at[0])
			a.VFMADD213PS(at[2], decay, x)
			a.VFMADD213PS(x, momentum, v)
			a.VMOVUPS(v, at[1])
			a.VFNMADD231PS(rate, v, w)
			a.VMOVUPS(w, at[0])
		},
		func(at []operand.Mem) {
			w, v, x := a.XMM(), a.XMM(), a.XMM()
			a.VMOVSS(at[0], w)
			a.VMOVSS(at[1], v)
			a.VMOVSS(at[0], x)
			a.VFMADD213SS(at[2], decay.AsX(), x)
			a.VFMADD213SS(x, momentum.AsX(), v)
			a.VMOVSS(v, at[1])
			a.VFNMADD231SS(rate.AsX(), v, w)
			a.VMOVSS(w, at[0])
		})
}

// exported is the name of the field of Set that a function is for.
func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
