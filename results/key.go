package results

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	"deepresidual/experiments"
)

// Fingerprint names the data a run was trained and tested on.
type Fingerprint struct {
	Train     string `toml:"train"` // SHA-256 of the training records in canonical order, hex
	Test      string `toml:"test"`  // the same for the test records
	Synthetic bool   `toml:"synthetic"`
}

// Key is everything that can change a run's numbers: what is trained, on which
// data, by which version of the arithmetic, but for how its kernels round (see
// package train).
type Key struct {
	Spec       experiments.RunSpec
	Data       Fingerprint
	Arithmetic int // models.Arithmetic: raised by hand when the same spec gives other numbers
}

// Identity returns the first 12 hexadecimal digits of the SHA-256 of the key as
// canonical JSON: keys sorted, every default written out.
//
// Keys that share an identity describe the same computation, and nearly all that
// describe the same one share it. The number of threads, the machine, the folder
// and the set of kernels are not in a key; they are in the record's [Provenance].
// Warm-up settings count only for networks that warm up, the side of a shortcut's
// padding only for those whose shortcuts have no parameters. A key of the protocol that
// came later counts only where it has another value than the one it stands for in
// records without it, and one that was renamed counts under its old name: see [added]
// and [renamed].
func (k Key) Identity() string {
	sum := sha256.Sum256(k.canonical())
	return hex.EncodeToString(sum[:])[:12]
}

// String names the run for people: "plain-20 scale 1/16 seed 1 (3f9c01d2aa40)".
func (k Key) String() string {
	s := k.Spec.Network.String()
	if !k.Spec.Scale.IsFull() {
		s += " scale " + k.Spec.Scale.String()
	}
	s += fmt.Sprintf(" seed %d", k.Spec.Seed)
	if k.Data.Synthetic {
		s += " on synthetic data"
	}
	return s + " (" + k.Identity() + ")"
}

func (k Key) canonical() []byte {
	protocol := tomlFields(k.Spec.Protocol)
	delete(protocol, "warmup_from_depth") // decides nothing but whether this network is warmed up
	for _, name := range k.Spec.Protocol.Unused(k.Spec.Network) {
		delete(protocol, name)
	}
	before := tomlFields(protocolBefore(1))
	for _, a := range added {
		if protocol[a.key] == before[a.key] {
			delete(protocol, a.key)
		}
	}
	withOldNames(protocol)
	doc := map[string]any{
		"network":    k.Spec.Network.Canonical(),
		"protocol":   protocol,
		"scale":      k.Spec.Scale.String(),
		"seed":       k.Spec.Seed,
		"train":      k.Data.Train,
		"test":       k.Data.Test,
		"arithmetic": k.Arithmetic,
	}
	// Maps marshal with sorted keys, and nothing in doc can fail to marshal:
	// tomlFields leaves only numbers, booleans, strings and lists of them.
	b, _ := json.Marshal(doc)
	return b
}

// tomlFields returns the fields of a struct under their TOML names, so that a
// key added to the protocol is part of the identity without being told here.
func tomlFields(v any) map[string]any {
	rv := reflect.ValueOf(v)
	fields := make(map[string]any, rv.NumField())
	for i := range rv.NumField() {
		name, _, _ := strings.Cut(rv.Type().Field(i).Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		value := rv.Field(i).Interface()
		switch f := value.(type) {
		case float64:
			if math.IsNaN(f) || math.IsInf(f, 0) { // not JSON numbers
				value = fmt.Sprint(f)
			}
		case []int:
			if f == nil {
				value = []int{} // no milestones, however it came about
			}
		}
		fields[name] = value
	}
	return fields
}
