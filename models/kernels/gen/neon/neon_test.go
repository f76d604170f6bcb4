package neon

import (
	"encoding/binary"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
)

// Each instruction that is written as a word is the one that its comment names.
func TestEncodings(t *testing.T) {
	word := regexp.MustCompile(`^\tWORD +\$0x([0-9a-f]{8}) // (.+)$`)
	seen := map[string]bool{}
	for name, text := range Files() {
		for i, line := range strings.Split(text, "\n") {
			if !strings.Contains(line, "WORD ") {
				continue
			}
			m := word.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s:%d: not a word with its name: %q", name, i+1, line)
			}
			code, err := strconv.ParseUint(m[1], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			got, err := disassemble(uint32(code))
			if err != nil || got != m[2] {
				t.Errorf("%s:%d: %s is %q (%v), not %q", name, i+1, m[1], got, err, m[2])
			}
			seen[strings.Fields(m[2])[0]] = true
		}
	}
	want := []string{"fadd", "fcmgt", "fmax", "fmla", "fmls", "fmul", "fsub", "ldr", "str"}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("words of %v, want %v", got, want)
	}
}

func disassemble(code uint32) (string, error) {
	inst, err := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, code))
	if err != nil {
		return "", err
	}
	return arm64asm.GNUSyntax(inst), nil
}

// All registers and lanes are encoded, not only those that the kernels use.
func TestRegisters(t *testing.T) {
	a := &asm{}
	for i := range 32 {
		n, m, d := vec(i), vec((i+7)%32), vec((i+18)%32)
		a.fadd(n, m, d)
		a.fmlsLane(n, lane{m, i % 4}, d)
		a.positive(n, d)
		a.loadAt(reg(i%27), reg((i+9)%27), d)
		a.storeAt(d, reg(i%27), reg((i+9)%27))
		for _, want := range []string{
			fmt.Sprintf("fadd v%d.4s, v%d.4s, v%d.4s", int(d), i, int(m)),
			fmt.Sprintf("fmls v%d.4s, v%d.4s, v%d.s[%d]", int(d), i, int(m), i%4),
			fmt.Sprintf("fcmgt v%d.4s, v%d.4s, #0", int(d), i),
			fmt.Sprintf("ldr q%d, [x%d,x%d]", int(d), i%27, (i+9)%27),
			fmt.Sprintf("str q%d, [x%d,x%d]", int(d), i%27, (i+9)%27),
		} {
			line, rest, _ := strings.Cut(a.text.String(), "\n")
			a.text.Reset()
			a.text.WriteString(rest)
			var code uint32
			if _, err := fmt.Sscanf(line, "\tWORD  $0x%x", &code); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if got, err := disassemble(code); err != nil || got != want {
				t.Errorf("%08x is %q (%v), want %q", code, got, err, want)
			}
		}
	}
}

// The kernels leave alone what belongs to the system (R18), the assembler
// (R27), Go (R28) and the caller (R29, R30).
func TestReserved(t *testing.T) {
	reserved := regexp.MustCompile(`\b(R18|R27|R28|R29|R30)\b|\bx(18|27|28|29|30)\b`)
	for name, text := range Files() {
		for i, line := range strings.Split(text, "\n") {
			if reserved.MatchString(line) {
				t.Errorf("%s:%d uses a reserved register: %s", name, i+1, line)
			}
		}
	}
}
