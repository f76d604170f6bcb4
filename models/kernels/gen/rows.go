package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// strides are a distance between rows and its odd multiples up to 7, as far as
// they are needed: together with the scales 1, 2, 4 and 8 of an address they
// reach every row up to the eighth.
type strides [4]reg.Register

// strides loads the odd multiples of stride that n rows need.
func (a *asm) strides(stride reg.Register, n int) strides {
	odd := strides{stride}
	for i := 1; i < 4 && 2*i+1 < n; i++ {
		odd[i] = a.GP64()
		a.LEAQ(operand.Mem{Base: odd[i-1], Index: stride, Scale: 2}, odd[i])
	}
	return odd
}

// row is the address of row r of those that start at base.
func (s strides) row(base reg.Register, r int) operand.Mem {
	m := operand.Mem{Base: base}
	if r == 0 {
		return m
	}
	scale := uint8(1)
	for r%2 == 0 && scale < 8 {
		r, scale = r/2, scale*2
	}
	m.Index, m.Scale = s[r/2], scale
	return m
}

// rows are rows that advance together. Every eighth has its own pointer.
type rows struct {
	base []reg.Register // rows 0, 8, ...
	strides
}

// newRows addresses n rows from base on; base is used up.
func (a *asm) newRows(base reg.Register, s strides, n int) rows {
	w := rows{[]reg.Register{base}, s}
	for i := 8; i < n; i += 8 {
		next := a.GP64()
		a.LEAQ(s.row(w.base[len(w.base)-1], 8), next)
		w.base = append(w.base, next)
	}
	return w
}

// at is the address of row r, displaced by disp bytes.
func (w rows) at(r, disp int) operand.Mem { return w.row(w.base[r/8], r%8).Offset(disp) }

// moveRows moves a pointer on by n rows.
func (a *asm) moveRows(p, row reg.Register, n int) {
	for ; n >= 8; n -= 8 {
		a.LEAQ(operand.Mem{Base: p, Index: row, Scale: 8}, p)
	}
	for ; n >= 4; n -= 4 {
		a.LEAQ(operand.Mem{Base: p, Index: row, Scale: 4}, p)
	}
	for range n {
		a.ADDQ(row, p)
	}
}
