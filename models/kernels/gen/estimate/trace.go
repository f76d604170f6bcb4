package main

import (
	"debug/elf"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
)

// program is the code of the kernels in a linked program.
type program struct {
	symbols map[string]elf.Symbol
	text    []byte
	start   uint64
	decoded map[uint64]string
}

func openProgram(path string) (*program, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		return nil, err
	}
	text := file.Section(".text")
	code, err := text.Data()
	if err != nil {
		return nil, err
	}
	p := &program{map[string]elf.Symbol{}, code, text.Addr, map[uint64]string{}}
	for _, s := range symbols {
		p.symbols[s.Name] = s
	}
	return p, nil
}

// instruction is the text of the instruction at an address, in GNU syntax.
func (p *program) instruction(pc uint64) (string, error) {
	if text, found := p.decoded[pc]; found {
		return text, nil
	}
	inst, err := arm64asm.Decode(p.text[pc-p.start:])
	if err != nil {
		return "", fmt.Errorf("%#x: %w", pc, err)
	}
	text := strings.ToLower(arm64asm.GNUSyntax(inst))
	p.decoded[pc] = text
	return text, nil
}

// trace is what a call executes: the text of its first instructions, and how
// many there are of all and of multiply-adds.
type trace struct {
	text                       []string
	instructions, multiplyAdds int
}

// run executes a kernel as far as integers go: it follows the loops, and does
// not compute with vectors. words are the kernel's parameters. Memory but the
// parameters reads as 0.
func (p *program) run(kernel string, words []int64, keep int) (*trace, error) {
	name := "deepresidual/models/kernels." + kernel + ".abi0"
	s, found := p.symbols[name]
	if !found {
		return nil, fmt.Errorf("the program has no %s", name)
	}
	t := &trace{}
	m := machine{words: words}
	for pc := s.Value; ; {
		text, err := p.instruction(pc)
		if err != nil {
			return nil, err
		}
		t.instructions++
		if strings.HasPrefix(text, "fml") {
			t.multiplyAdds++
		}
		if len(t.text) < keep {
			t.text = append(t.text, text)
		}
		next, err := m.step(text, pc)
		if err != nil {
			return nil, fmt.Errorf("%s, %#x: %s: %w", kernel, pc, text, err)
		}
		if next == 0 {
			return t, nil
		}
		pc = next
	}
}

// machine is the integer registers of a processor, and its last comparison.
type machine struct {
	x     [32]int64
	cmp   int64
	words []int64
}

// step executes an instruction and returns the address of the next, 0 after
// the last.
func (m *machine) step(text string, pc uint64) (next uint64, err error) {
	op, rest, _ := strings.Cut(text, " ")
	args := strings.Split(rest, ",")
	for i := range args {
		args[i] = strings.TrimSpace(args[i])
	}
	jump := func(target string, taken bool) (uint64, error) {
		if !taken {
			return pc + 4, nil
		}
		offset, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimPrefix(target, "."), "+"), 0, 64) // negative ones wrap around
		return pc + offset, err
	}
	switch op {
	case "ret":
		return 0, nil
	case "b":
		return jump(args[0], true)
	case "b.ne":
		return jump(args[0], m.cmp != 0)
	case "b.eq":
		return jump(args[0], m.cmp == 0)
	case "b.lt":
		return jump(args[0], m.cmp < 0)
	case "b.ge":
		return jump(args[0], m.cmp >= 0)
	case "b.le":
		return jump(args[0], m.cmp <= 0)
	case "cbz":
		return jump(args[1], m.x[number(args[0])] == 0)
	case "cmp":
		m.cmp = m.x[number(args[0])] - m.value(args[1:])
	case "mov":
		m.x[number(args[0])] = m.value(args[1:])
	case "add", "adds", "sub", "subs":
		y := m.value(args[2:])
		if op[:3] == "sub" {
			y = -y
		}
		result := m.x[number(args[1])] + y
		m.x[number(args[0])] = result
		if len(op) == 4 {
			m.cmp = result
		}
	case "lsl":
		m.x[number(args[0])] = m.x[number(args[1])] << m.value(args[2:])
	case "mul":
		m.x[number(args[0])] = m.x[number(args[1])] * m.x[number(args[2])]
	case "ldr":
		if args[0][0] != 'x' {
			break
		}
		if args[1] == "[sp" {
			at := number(strings.TrimSuffix(args[2], "]"))
			m.x[number(args[0])] = m.words[at/8-1] // above the return address
			break
		}
		m.x[number(args[0])] = 0 // the offset of a tap
	case "orr":
		if args[0][0] == 'x' { // a number that is a mask of bits
			m.x[number(args[0])] = m.value(args[2:])
		}
	case "adrp", "str", "ldur", "ldp", "stp", "and", "eor":
	default:
		if op[0] != 'f' {
			return 0, fmt.Errorf("unknown instruction")
		}
	}
	return pc + 4, nil
}

// number is that of a register, or an immediate operand.
func number(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimLeft(text, "#x"), 0, 64)
	return n
}

// value is that of the last operand: a number, or a register, also shifted.
func (m *machine) value(args []string) int64 {
	if args[0][0] != 'x' {
		return number(args[0])
	}
	x := m.x[number(args[0])]
	if len(args) == 2 {
		x <<= number(strings.TrimPrefix(args[1], "lsl "))
	}
	return x
}
