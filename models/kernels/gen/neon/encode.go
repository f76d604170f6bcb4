package neon

import "fmt"

// Go's assembler does not know these instructions. They are written as words,
// each with its name in the processor's manual (Arm Architecture Reference
// Manual for A-profile, chapters C6 and C7), which the tests compare with what
// a disassembler makes of the word.

func (a *asm) word(code uint32, format string, operands ...any) {
	fmt.Fprintf(&a.text, "\tWORD  $0x%08x // %s\n", code, fmt.Sprintf(format, operands...))
}

// three writes an instruction d = n op m on all lanes.
func (a *asm) three(code uint32, name string, n, m, d vec) {
	a.word(code|uint32(m)<<16|uint32(n)<<5|uint32(d), "%s v%d.4s, v%d.4s, v%d.4s", name, int(d), int(n), int(m))
}

func (a *asm) fadd(n, m, d vec) { a.three(0x4e20d400, "fadd", n, m, d) }
func (a *asm) fsub(n, m, d vec) { a.three(0x4ea0d400, "fsub", n, m, d) }
func (a *asm) fmul(n, m, d vec) { a.three(0x6e20dc00, "fmul", n, m, d) }

// fmax is the larger of n and m: NaN if one is NaN, and 0 of 0 and -0.
func (a *asm) fmax(n, m, d vec) { a.three(0x4e20f400, "fmax", n, m, d) }

// fmla is d += n*m, rounded once.
func (a *asm) fmla(n, m, d vec) { a.three(0x4e20cc00, "fmla", n, m, d) }

// byLane writes an instruction with one number of m for all lanes.
func (a *asm) byLane(code uint32, name string, n vec, m lane, d vec) {
	low, high := uint32(m.index&1), uint32(m.index>>1)
	a.word(code|low<<21|high<<11|uint32(m.vec)<<16|uint32(n)<<5|uint32(d),
		"%s v%d.4s, v%d.4s, v%d.s[%d]", name, int(d), int(n), int(m.vec), m.index)
}

// fmlaLane is d += n*m, fmlsLane d -= n*m, both rounded once.
func (a *asm) fmlaLane(n vec, m lane, d vec) { a.byLane(0x4f801000, "fmla", n, m, d) }
func (a *asm) fmlsLane(n vec, m lane, d vec) { a.byLane(0x4f805000, "fmls", n, m, d) }
func (a *asm) fmulLane(n vec, m lane, d vec) { a.byLane(0x4f809000, "fmul", n, m, d) }

// positive sets d to the mask n > 0, false for NaN.
func (a *asm) positive(n, d vec) {
	a.word(0x4ea0c800|uint32(n)<<5|uint32(d), "fcmgt v%d.4s, v%d.4s, #0", int(d), int(n))
}

// keep sets d to the lanes of x where mask is true, 0 elsewhere.
func (a *asm) keep(mask, x, d vec) {
	a.op("VAND", mask.arranged("B16"), x.arranged("B16"), d.arranged("B16"))
}

// loadAt reads a vector register from base + index bytes.
func (a *asm) loadAt(base, index reg, v vec) {
	a.word(0x3ce06800|uint32(index)<<16|uint32(base)<<5|uint32(v), "ldr q%d, [x%d,x%d]", int(v), int(base), int(index))
}

// storeAt writes one.
func (a *asm) storeAt(v vec, base, index reg) {
	a.word(0x3ca06800|uint32(index)<<16|uint32(base)<<5|uint32(v), "str q%d, [x%d,x%d]", int(v), int(base), int(index))
}
