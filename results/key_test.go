package results

import (
	"reflect"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// Recorded runs are found by their identity, so it may not change by accident:
// a new value here means that every recorded run is trained again.
func TestIdentityStays(t *testing.T) {
	for network, want := range map[string]string{
		"plain-20":   "6eb6e330b080",
		"resnet-110": "3597c79aa91f",
	} {
		if got := testKey(t, network, 1).Identity(); got != want {
			t.Errorf("%s: identity %s, want %s", network, got, want)
		}
	}
}

func TestIdentityChanges(t *testing.T) {
	key := testKey(t, "resnet-110", 1)
	changes := map[string]func(*Key){
		"kind":       func(k *Key) { k.Spec.Network = network.Standard(network.Plain, 18) },
		"depth":      func(k *Key) { k.Spec.Network = network.Standard(network.Residual, 200) },
		"seed":       func(k *Key) { k.Spec.Seed = 2 },
		"scale":      func(k *Key) { k.Spec.Scale.Den = 17 },
		"train data": func(k *Key) { k.Data.Train = strings.Repeat("0", 64) },
		"test data":  func(k *Key) { k.Data.Test = strings.Repeat("0", 64) },
		"arithmetic": func(k *Key) { k.Arithmetic++ },
	}
	for i := range reflect.TypeFor[experiments.Protocol]().NumField() {
		name := reflect.TypeFor[experiments.Protocol]().Field(i).Name
		if name == "WarmupDepth" {
			continue // whether the network warms up counts, see TestIdentityIgnores
		}
		changes["protocol "+name] = func(k *Key) {
			switch f := reflect.ValueOf(&k.Spec.Protocol).Elem().Field(i); f.Kind() {
			case reflect.Int:
				f.SetInt(f.Int() + 1)
			case reflect.Float64:
				f.SetFloat(f.Float() * 1.0000001)
			case reflect.Bool:
				f.SetBool(!f.Bool())
			case reflect.String:
				f.SetString(f.String() + "?")
			case reflect.Slice:
				f.Set(reflect.ValueOf([]int{1}))
			default:
				t.Fatalf("protocol has a %v: say here how to change it", f.Kind())
			}
		}
	}
	changes["no warm-up"] = func(k *Key) { k.Spec.Protocol.WarmupDepth = 0 }
	seen := map[string]string{key.Identity(): "the key itself"}
	for name, change := range changes {
		k := key
		change(&k)
		id := k.Identity()
		if other, ok := seen[id]; ok {
			t.Errorf("%s: same identity as %s", name, other)
		}
		seen[id] = name
	}
}

func TestIdentityIgnores(t *testing.T) {
	for _, c := range []struct {
		name, network string
		change        func(*Key)
	}{
		{"a fraction in other terms", "plain-20", func(k *Key) { k.Spec.Scale = experiments.Scale{Num: 4, Den: 64} }},
		{"depth of warm-up, still warming up", "resnet-110", func(k *Key) { k.Spec.Protocol.WarmupDepth = 56 }},
		{"depth of warm-up, still not warming up", "plain-20", func(k *Key) { k.Spec.Protocol.WarmupDepth = 56 }},
		{"rate of a warm-up that is not done", "plain-20", func(k *Key) { k.Spec.Protocol.WarmupRate = 1 }},
		{"end of a warm-up that is not done", "plain-20", func(k *Key) { k.Spec.Protocol.WarmupError = 1 }},
		{"window of a warm-up that is not done", "plain-20", func(k *Key) { k.Spec.Protocol.WarmupWindow = 1 }},
		{"padding of shortcuts that are not there", "plain-20", func(k *Key) { k.Spec.Protocol.PaddingSide = experiments.PadEnd }},
	} {
		key := testKey(t, c.network, 1)
		changed := key
		c.change(&changed)
		if reflect.DeepEqual(key, changed) {
			t.Errorf("%s: nothing changed", c.name)
		}
		if key.Identity() != changed.Identity() {
			t.Errorf("%s: another identity", c.name)
		}
	}
}

func TestKeyString(t *testing.T) {
	key := testKey(t, "plain-20", 3)
	key.Data.Synthetic = true
	if got, want := key.String(), "plain-20 scale 1/16 seed 3 on synthetic data ("+key.Identity()+")"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
