package neon

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// lanes is the number of channels in a block, lineBytes their size. A block is
// parts vector registers of quadBytes.
const (
	lanes     = 16
	lineBytes = 4 * lanes
	quadBytes = 16
	parts     = lineBytes / quadBytes
)

// reg is a general-purpose register, vec a vector register of four float32.
type (
	reg int
	vec int
)

func (r reg) String() string { return fmt.Sprintf("R%d", int(r)) }

// String is the register's name in loads and stores.
func (v vec) String() string { return fmt.Sprintf("F%d", int(v)) }

// arranged is its name in vector instructions.
func (v vec) arranged(how string) string { return fmt.Sprintf("V%d.%s", int(v), how) }

// lane is one of the four numbers in a vector register.
type lane struct {
	vec
	index int
}

// mem is the memory at disp bytes from base.
type mem struct {
	base reg
	disp int
}

func (m mem) String() string {
	if m.disp == 0 {
		return fmt.Sprintf("(%s)", m.base)
	}
	return fmt.Sprintf("%d(%s)", m.disp, m.base)
}

// asm writes functions of Go's assembly language for arm64, and their
// declarations. Registers are taken with [asm.reg] and [asm.vec] and are free
// again at the end of the [asm.scope] that took them.
type asm struct {
	text, stubs strings.Builder
	data        strings.Builder   // read-only memory
	params      map[string]string // word of the parameters, to how it is addressed
	freeRegs    []reg
	freeVecs    []vec
	labels      int
	tables      int // of numbers in read-only memory
}

// op writes an instruction.
func (a *asm) op(name string, operands ...any) {
	var list []string
	for _, o := range operands {
		switch o := o.(type) {
		case int:
			list = append(list, fmt.Sprintf("$%d", o))
		default:
			list = append(list, fmt.Sprint(o))
		}
	}
	fmt.Fprintf(&a.text, "\t%s\n", strings.TrimRight(fmt.Sprintf("%-5s %s", name, strings.Join(list, ", ")), " "))
}

// function starts a function; params is its parameter list.
func (a *asm) function(name, params, doc string) {
	name += "NEON"
	a.params = map[string]string{}
	a.freeRegs, a.freeVecs = nil, nil
	for r := range reg(27) { // above are the assembler's, Go's and the system's
		if r != 18 {
			a.freeRegs = append(a.freeRegs, r)
		}
	}
	for v := range vec(32) {
		a.freeVecs = append(a.freeVecs, v)
	}
	size := 0
	word := func(name string, bytes int) {
		a.params[name] = fmt.Sprintf("%s+%d(FP)", name, size)
		size += bytes
	}
	var names []string
	for _, field := range strings.Fields(strings.ReplaceAll(params, ",", " ")) {
		switch field {
		case "[]float32", "[]*float32", "[]int":
			for _, n := range names {
				word(n+"_base", 8)
				word(n+"_len", 8)
				word(n+"_cap", 8)
			}
		case "int":
			for _, n := range names {
				word(n, 8)
			}
		case "float32":
			for _, n := range names {
				word(n, 4)
			}
		default:
			names = append(names, field)
			continue
		}
		names = nil
	}
	fmt.Fprintf(&a.text, "\n// func %s(%s)\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", name, params, name, size)
	fmt.Fprintf(&a.stubs, "\n// %s %s\n//\n//go:noescape\nfunc %s(%s)\n", name, doc, name, params)
}

// scope frees the registers that body takes.
func (a *asm) scope(body func()) {
	regs, vecs := slices.Clone(a.freeRegs), slices.Clone(a.freeVecs)
	body()
	a.freeRegs, a.freeVecs = regs, vecs
}

// reg takes a register.
func (a *asm) reg() reg {
	r := a.freeRegs[0]
	a.freeRegs = a.freeRegs[1:]
	return r
}

// vec takes a vector register.
func (a *asm) vec() vec { return a.vecs(1)[0] }

// vecs takes n vector registers.
func (a *asm) vecs(n int) []vec {
	v := slices.Clone(a.freeVecs[:n])
	a.freeVecs = a.freeVecs[n:]
	return v
}

// param loads a word of the parameters.
func (a *asm) param(name string) reg {
	r := a.reg()
	a.op("MOVD", a.params[name], r)
	return r
}

// pointer loads the address of a slice parameter's elements.
func (a *asm) pointer(param string) reg { return a.param(param + "_base") }

// size loads an int parameter that counts float32 values, as bytes.
func (a *asm) size(param string) reg {
	r := a.param(param)
	a.op("LSL", 2, r, r)
	return r
}

// clone copies a register.
func (a *asm) clone(r reg) reg {
	c := a.reg()
	a.op("MOVD", r, c)
	return c
}

// add adds a number or a register to a register.
func (a *asm) add(x any, r reg) { a.op("ADD", x, r, r) }

// advance adds an int parameter that counts float32 values to a pointer.
func (a *asm) advance(pointer reg, param string) {
	a.scope(func() { a.add(fmt.Sprintf("%s<<2", a.param(param)), pointer) })
}

// row is a new register with the address of row r from base on, rows being
// stride apart, r at most 6.
func (a *asm) row(base, stride reg, r int) reg {
	at := a.reg()
	switch r {
	case 0:
		a.op("MOVD", base, at)
	case 1, 2, 4:
		a.op("ADD", shifted(stride, r), base, at)
	default:
		high := 2
		if r > 4 {
			high = 4
		}
		a.op("ADD", shifted(stride, high), base, at)
		a.add(shifted(stride, r-high), at)
	}
	return at
}

// shifted is a register times 1, 2 or 4.
func shifted(r reg, times int) string {
	if times == 1 {
		return r.String()
	}
	return fmt.Sprintf("%s<<%d", r, times/2)
}

// multiples are new registers with stride times 1 up to n.
func (a *asm) multiples(stride reg, n int) []reg {
	m := []reg{a.clone(stride)}
	for len(m) < n {
		r := a.reg()
		a.op("ADD", stride, m[len(m)-1], r)
		m = append(m, r)
	}
	return m
}

// label is a new label that starts with name.
func (a *asm) label(name string) string {
	a.labels++
	return fmt.Sprintf("%s%d", name, a.labels)
}

func (a *asm) place(label string) { fmt.Fprintf(&a.text, "\n%s:\n", label) }

// loop emits body once; it runs count times, at least once, and does step of
// count at a time. count is used up.
func (a *asm) loop(step int, count reg, body func()) {
	top := a.label("loop")
	a.place(top)
	a.scope(body)
	a.op("SUBS", step, count, count)
	a.op("BNE", top)
}

// repeat runs body a fixed number of times.
func (a *asm) repeat(times int, body func()) {
	a.scope(func() {
		count := a.reg()
		a.op("MOVD", times, count)
		a.loop(1, count, body)
	})
}

// forParam runs body as often as an int parameter says, at least once.
func (a *asm) forParam(param string, body func()) {
	a.scope(func() { a.loop(1, a.param(param), body) })
}

// quarters runs body for each vector register's worth of a block, with the
// pointers moved on by as much each time, and past the block at the end. body
// must leave the pointers as it found them.
func (a *asm) quarters(pointers []reg, body func()) {
	a.repeat(parts, func() {
		a.scope(body)
		for _, p := range pointers {
			a.add(quadBytes, p)
		}
	})
}

func (a *asm) end() { a.op("RET") }

// load reads a vector register.
func (a *asm) load(m mem, v vec) { a.op("FMOVQ", m, v) }

// store writes one.
func (a *asm) store(v vec, m mem) { a.op("FMOVQ", v, m) }

// loaded is a new vector register, read from memory.
func (a *asm) loaded(m mem) vec {
	v := a.vec()
	a.load(m, v)
	return v
}

// loadPair reads two neighbouring vectors.
func (a *asm) loadPair(m mem, v []vec) { a.op("FLDPQ", m, fmt.Sprintf("(%s, %s)", v[0], v[1])) }

// storePair writes two neighbouring vectors.
func (a *asm) storePair(v []vec, m mem) { a.op("FSTPQ", fmt.Sprintf("(%s, %s)", v[0], v[1]), m) }

// block loads 16 lanes from the n-th run of lanes at base.
func (a *asm) block(base reg, n int) []vec {
	v := a.vecs(parts)
	a.loadPair(mem{base, n * lineBytes}, v[:2])
	a.loadPair(mem{base, n*lineBytes + 2*quadBytes}, v[2:])
	return v
}

// zero clears vector registers.
func (a *asm) zero(list ...vec) {
	for _, v := range list {
		b := v.arranged("B16")
		a.op("VEOR", b, b, b)
	}
}

// move copies a vector register.
func (a *asm) move(from, to vec) {
	b := from.arranged("B16")
	a.op("VORR", b, b, to.arranged("B16"))
}

// copyOf is a new vector register with the value of v.
func (a *asm) copyOf(v vec) vec {
	c := a.vec()
	a.move(v, c)
	return c
}

// numbers loads up to four numbers from read-only memory into the lanes of a
// vector register.
func (a *asm) numbers(list ...float32) map[float32]lane {
	name := fmt.Sprintf("numbers%d<>", a.tables)
	a.tables++
	v, table := a.vec(), map[float32]lane{}
	a.scope(func() {
		at := a.reg()
		a.op("MOVD", fmt.Sprintf("$%s(SB)", name), at)
		a.load(mem{at, 0}, v)
	})
	for i := range quadBytes / 4 {
		x := float32(0)
		if i < len(list) {
			x = list[i]
			table[x] = lane{v, i}
		}
		fmt.Fprintf(&a.data, "DATA %s+%d(SB)/4, $0x%08x // %v\n", name, 4*i, math.Float32bits(x), x)
	}
	fmt.Fprintf(&a.data, "GLOBL %s(SB), RODATA|NOPTR, $%d\n", name, quadBytes)
	return table
}
