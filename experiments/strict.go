package experiments

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"

	"deepresidual/models/network"
)

// source is the text of a spec that is being read: its values as the TOML
// decoder sees them without a schema, and where they stand.
//
// The decoder by itself is lenient: it takes Batch for batch, drops keys that it
// does not know, and reports wrong types in random order, at the line of the
// last of several [[claim]] tables. So the values are first held against the
// types they will be decoded into, which are the only schema.
type source struct {
	file    string
	text    string
	lines   map[string]int // of each key, as [locate] names them
	present map[string]bool
	exists  func(key string) bool // not nil: what exists must be there, nothing else may
	// described are the networks of the spec's own, by the names that it gives
	// them.
	described map[string]network.Network
}

// Decode reads the text of a TOML file into a pointer to a struct, as strictly
// as a spec is read: every key must be the tag of a field, and errors are
// [*SpecError] values that name file, line and key. Keys that the text leaves
// out keep the value that the struct has. Then check says which key of the struct
// read has a value that cannot be, and why; without such a problem it says "".
func Decode(file string, text []byte, into any, check func() (key, problem string)) error {
	s := &source{file: file, text: string(text), lines: locate(string(text)), present: make(map[string]bool)}
	if err := s.decode(into); err != nil {
		return err
	}
	if key, problem := check(); problem != "" {
		return s.at(&SpecError{Key: key, Problem: problem})
	}
	return nil
}

// DecodeAll reads like [Decode] a text that leaves nothing out, as a program
// writes it: a key that is missing is an error, unless its tag has omitempty. A
// key for which exists is false is not one of the text's version: it is unknown.
func DecodeAll(file string, text []byte, into any, exists func(key string) bool) error {
	s := &source{file: file, text: string(text), lines: locate(string(text)), present: make(map[string]bool), exists: exists}
	return s.decode(into)
}

// decode reads the text into a pointer to a struct, strictly. Keys that the text
// leaves out keep the value that the struct has.
func (s *source) decode(into any) error {
	var values map[string]any
	if _, err := toml.Decode(s.text, &values); err != nil {
		return s.syntaxError(err)
	}
	if err := s.check("", values, reflect.TypeOf(into).Elem()); err != nil {
		return s.at(err)
	}
	if _, err := toml.Decode(s.text, into); err != nil {
		return s.syntaxError(err)
	}
	return nil
}

// has reports whether the spec gives a key itself, rather than leave the default.
func (s *source) has(key string) bool { return s.present[key] }

// at fills in where the key of an error stands: its own line or, for a key
// within an inline table and for one that is missing, that of the table.
func (s *source) at(err *SpecError) error {
	err.File = s.file
	for key := err.Key; key != ""; {
		if line, ok := s.lines[key]; ok {
			err.Line = line
			break
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return err
}

// syntaxError is the error of a text that is not TOML.
func (s *source) syntaxError(err error) error {
	e := &SpecError{File: s.file, Problem: "not valid TOML: " + err.Error(), Err: err}
	if p, ok := err.(toml.ParseError); ok {
		e.Line, e.Problem = p.Position.Line, "not valid TOML: "+p.Message
	}
	// The decoder quotes what it could not read as it is, line breaks and other
	// control characters included.
	e.Problem = strings.Join(strings.Fields(e.Problem), " ")
	e.Problem = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, e.Problem)
	return e
}

// check holds a decoded value against the type it will be decoded into, first
// lines first, and notes the keys that are present.
func (s *source) check(key string, value any, want reflect.Type) *SpecError {
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	if want == reflect.TypeFor[time.Time]() {
		if _, ok := value.(time.Time); !ok {
			return problemf(key, "found %s, wanted a date and time", describe(value))
		}
		return nil
	}
	if want == reflect.TypeFor[name]() {
		text, ok := value.(string)
		if !ok {
			return problemf(key, "found %s, wanted a name in quotes", describe(value))
		}
		return s.checkName(key, text)
	}
	if named, ok := reflect.New(want).Interface().(encoding.TextUnmarshaler); ok {
		text, ok := value.(string)
		if !ok {
			return problemf(key, "found %s, wanted a name in quotes", describe(value))
		}
		if err := named.UnmarshalText([]byte(text)); err != nil {
			return &SpecError{Key: key, Problem: err.Error(), Err: err}
		}
		return nil
	}
	if own, ok := reflect.New(want).Interface().(toml.Unmarshaler); ok {
		if err := own.UnmarshalTOML(value); err != nil {
			return &SpecError{Key: key, Problem: err.Error(), Err: err}
		}
		return nil
	}
	switch want.Kind() {
	case reflect.Struct:
		return s.checkTable(key, value, s.fields(key, want))
	case reflect.Map:
		if want.Elem() == reflect.TypeFor[network.Description]() {
			return s.checkEach(key, value, want.Elem())
		}
		return s.checkNetworks(key, value, want.Elem())
	case reflect.Slice:
		return s.checkList(key, value, want.Elem())
	}
	kind, ok := "", false
	switch want.Kind() {
	case reflect.String:
		kind = "a string"
		_, ok = value.(string)
	case reflect.Bool:
		kind = "true or false"
		_, ok = value.(bool)
	case reflect.Int, reflect.Int64:
		kind = "an integer"
		_, ok = value.(int64)
	case reflect.Float64:
		kind = "a number"
		_, ok = value.(float64)
		if whole, isInt := value.(int64); isInt {
			// The decoder takes no integer that a float cannot hold exactly.
			ok = int64(float64(whole)) == whole && -1<<53 < whole && whole < 1<<53
		}
	}
	if !ok {
		return problemf(key, "found %s, wanted %s", describe(value), kind)
	}
	return nil
}

// checkTable holds a table against the keys of a struct.
func (s *source) checkTable(key string, value any, allowed map[string]field) *SpecError {
	err := s.each(key, value, func(name, full string, value any) *SpecError {
		want, ok := allowed[name]
		if !ok {
			known := slices.Sorted(maps.Keys(allowed))
			return problemf(full, "no such key%s", suggest(name, known))
		}
		return s.check(full, value, want.of)
	})
	if err != nil || s.exists == nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(allowed)) {
		if full := join(key, name); !allowed[name].optional && !s.present[full] {
			return problemf(full, "missing")
		}
	}
	return nil
}

// checkNetworks holds a table whose keys are names of networks against the type
// of its values.
func (s *source) checkNetworks(key string, value any, want reflect.Type) *SpecError {
	names := map[network.Network]string{} // a network can have one of its own and the paper's
	return s.each(key, value, func(name, full string, value any) *SpecError {
		n, err := parseNetwork(name, s.described)
		if err != nil {
			return &SpecError{Key: full, Problem: err.Error(), Err: err}
		}
		if other, ok := names[n]; ok {
			return problemf(full, "names the network that %q names", other)
		}
		names[n] = name
		return s.check(full, value, want)
	})
}

// checkEach holds the values of a table, whatever their keys, against a type.
func (s *source) checkEach(key string, value any, want reflect.Type) *SpecError {
	return s.each(key, value, func(_, full string, value any) *SpecError { return s.check(full, value, want) })
}

// checkName reports a name that no network has.
func (s *source) checkName(key, name string) *SpecError {
	if _, err := parseNetwork(name, s.described); err != nil {
		return &SpecError{Key: key, Problem: err.Error(), Err: err}
	}
	return nil
}

// each visits the keys of a table in the order of their lines.
func (s *source) each(key string, value any, visit func(name, full string, value any) *SpecError) *SpecError {
	table, ok := value.(map[string]any)
	if !ok {
		return problemf(key, "found %s, wanted a table", describe(value))
	}
	names := slices.Sorted(maps.Keys(table))
	slices.SortStableFunc(names, func(a, b string) int { return s.lines[join(key, a)] - s.lines[join(key, b)] })
	for _, name := range names {
		full := join(key, name)
		s.present[full] = true
		if err := visit(name, full, table[name]); err != nil {
			return err
		}
	}
	return nil
}

// checkList holds a list against the type of its elements. The tables of a list
// have keys of their own; other elements go by the key of the list.
func (s *source) checkList(key string, value any, want reflect.Type) *SpecError {
	if tables, ok := value.([]map[string]any); ok {
		for i, table := range tables {
			if err := s.check(element(key, i), table, want); err != nil {
				return err
			}
		}
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		return problemf(key, "found %s, wanted a list", describe(value))
	}
	for i, v := range list {
		name := key
		if _, table := v.(map[string]any); table {
			name = element(key, i)
		}
		if err := s.check(name, v, want); err != nil {
			return err
		}
	}
	return nil
}

// field is a key of a table that is decoded into a struct.
type field struct {
	of       reflect.Type
	optional bool
}

// fields returns the keys of the table with the given key that is decoded into a
// struct, those of embedded structs among them.
func (s *source) fields(key string, t reflect.Type) map[string]field {
	keys := make(map[string]field, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			inner := s.fields(key, f.Type)
			maps.Copy(inner, keys)
			keys = inner
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if name != "" && name != "-" && (s.exists == nil || s.exists(join(key, name))) {
			keys[name] = field{f.Type, options == "omitempty"}
		}
	}
	return keys
}

// join is the dotted name of a key in a table.
func join(table, key string) string {
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !bare(r) }) {
		key = fmt.Sprintf("%q", key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element is the name of a table in a list.
func element(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i+1) }
