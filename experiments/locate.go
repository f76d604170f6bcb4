package experiments

import (
	"strconv"
	"strings"
)

// locate returns the line of every key and table header of a TOML text, by the
// dotted names that errors use. The decoder keeps positions to itself, and one
// per name where [[claim]] repeats. Only headers and "key = value" lines are
// read: a key within an inline table has no entry, and nothing depends on a
// line but the place that an error points at.
func locate(text string) map[string]int {
	text = strings.TrimPrefix(text, "\ufeff") // the byte order mark, which the decoder skips, too
	lines := make(map[string]int)
	count := make(map[string]int) // of the tables in each list
	table, quote := "", ""        // the open table, and the quotes of an open multi-line string
	for i, line := range strings.Split(text, "\n") {
		if quote != "" {
			if strings.Contains(line, quote) {
				quote = ""
			}
			continue
		}
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "[["):
			if name, _ := dottedKey("", line[2:], count); name != "" {
				count[name]++
				table = element(name, count[name]-1)
				lines[table] = i + 1
			}
		case strings.HasPrefix(line, "["):
			if name, _ := dottedKey("", line[1:], count); name != "" {
				table = inList(name, count)
				lines[table] = i + 1
			}
		default:
			name, rest := dottedKey(table, line, count)
			if name == "" || !strings.HasPrefix(rest, "=") {
				continue
			}
			if _, seen := lines[name]; !seen {
				lines[name] = i + 1
			}
			value := strings.TrimLeft(rest[1:], "[ \t")
			for _, q := range []string{`"""`, `'''`} {
				if strings.HasPrefix(value, q) && strings.Count(value, q)%2 == 1 {
					quote = q
				}
			}
		}
	}
	return lines
}

// dottedKey reads a key such as a."b c".d at the start of a line and returns its
// name within a table, and what follows it. The name is empty if there is none.
func dottedKey(table, line string, count map[string]int) (name, rest string) {
	name = table
	for {
		line = strings.TrimLeft(line, " \t")
		var part string
		switch {
		case strings.HasPrefix(line, `"`):
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return "", line
			}
			if part, err = strconv.Unquote(quoted); err != nil {
				return "", line
			}
			line = line[len(quoted):]
		case strings.HasPrefix(line, "'"):
			end := strings.IndexByte(line[1:], '\'')
			if end < 0 {
				return "", line
			}
			part, line = line[1:1+end], line[2+end:]
		default:
			end := strings.IndexFunc(line, func(r rune) bool { return !bare(r) })
			if end < 0 {
				end = len(line)
			}
			if part, line = line[:end], line[end:]; part == "" {
				return "", line
			}
		}
		name = join(name, part)
		line = strings.TrimLeft(line, " \t")
		if !strings.HasPrefix(line, ".") {
			return name, line
		}
		name, line = inList(name, count), line[1:]
	}
}

// inList is the last table so far of a list, if the name is that of a list.
func inList(name string, count map[string]int) string {
	if n := count[name]; n > 0 {
		return element(name, n-1)
	}
	return name
}

// bare reports whether a rune can stand in a key without quotes.
func bare(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
}
