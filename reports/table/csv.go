package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strings"
)

var snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// CSV writes the rows as RFC 4180 has it, for programs: one value per column, the
// headers unique and in snake case, a value that is not known empty. Every column
// is there, whether it holds anything or not, so that files of one kind of table
// have the same columns.
func (t *Table) CSV(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	var keys []string
	seen := map[string]bool{}
	key := func(k string) error {
		if !snakeCase.MatchString(k) || seen[k] {
			return fmt.Errorf("table %s: the header %q in CSV is not in snake case, or there twice", t.Name, k)
		}
		seen[k] = true
		keys = append(keys, k)
		return nil
	}
	for _, c := range t.Columns {
		for _, k := range c.Keys {
			if err := key(k); err != nil {
				return err
			}
		}
	}
	for _, f := range t.Common {
		if err := key(f.Key); err != nil {
			return err
		}
	}
	out := csv.NewWriter(w)
	if err := out.Write(keys); err != nil {
		return err
	}
	for _, r := range t.Rows {
		var values []string
		for i, c := range t.Columns {
			for k := range c.Keys {
				if v := r.Cells[i].values; v != nil {
					values = append(values, strings.ReplaceAll(v[k], "−", "-"))
				} else {
					values = append(values, "")
				}
			}
		}
		for _, f := range t.Common {
			values = append(values, f.Value)
		}
		if err := out.Write(values); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
