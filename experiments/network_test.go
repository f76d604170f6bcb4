package experiments_test

import (
	"encoding/json"
	"testing"

	"deepresidual/experiments"
)

func TestParseNetwork(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  experiments.Kind
		depth int
		n     int
	}{
		{"plain-20", experiments.Plain, 20, 3},
		{"resnet-110", experiments.Residual, 110, 18},
		{"resnet-1202", experiments.Residual, 1202, 200},
		{"plain-8", experiments.Plain, 8, 1}, // the shallowest there can be
		{"resnet-9998", experiments.Residual, 9998, 1666},
	} {
		got, err := experiments.ParseNetwork(c.name)
		if err != nil {
			t.Errorf("ParseNetwork(%q): %v", c.name, err)
			continue
		}
		if want := (experiments.Network{Kind: c.kind, Depth: c.depth}); got != want || got.N() != c.n || got.String() != c.name {
			t.Errorf("ParseNetwork(%q) = %v with n = %d, want %v with n = %d", c.name, got, got.N(), want, c.n)
		}
	}
}

func TestParseNetworkErrors(t *testing.T) {
	const form = `; a name is "plain-" or "resnet-" and a depth 6n+2, such as "resnet-20"`
	for _, c := range []struct{ name, want string }{
		{"resnet20", `no network is called "resnet20"; did you mean "resnet-20"?`},
		{"ResNet-56", `no network is called "ResNet-56"; did you mean "resnet-56"?`},
		{"plane-32", `no network is called "plane-32"; did you mean "plain-32"?`},
		{"residual-110", `no network is called "residual-110"` + form},
		{"vgg16", `no network is called "vgg16"` + form},
		{"", `no network is called ""` + form},
		{"resnet-", `no network is called "resnet-"; did you mean "resnet-20"?`},
		{"resnet-020", `no network is called "resnet-020"; did you mean "resnet-20"?`},
		{"resnet-+20", `no network is called "resnet-+20"; did you mean "resnet-20"?`},
		{"plain-20 ", `no network is called "plain-20 "; did you mean "plain-20"?`},
		{"resnet-99999999999999999999", `no network is called "resnet-99999999999999999999"` + form},
		{"plain-21", `network "plain-21": depth 21 is not 6n+2; the nearest are 20 and 26`},
		{"resnet-18", `network "resnet-18": depth 18 is not 6n+2; the nearest are 14 and 20`},
		{"resnet-1000", `network "resnet-1000": depth 1000 is not 6n+2; the nearest are 998 and 1004`},
		{"plain-2", `network "plain-2": 2 layers are outside 8 to 9998`},
		{"plain--4", `network "plain--4": -4 layers are outside 8 to 9998`},
		{"plain-10004", `network "plain-10004": 10004 layers are outside 8 to 9998`},
	} {
		if _, err := experiments.ParseNetwork(c.name); err == nil || err.Error() != c.want {
			t.Errorf("ParseNetwork(%q)\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}

// TestNetworks holds that the paper's networks are twelve, and that the text form
// survives JSON both as a value and as a key.
func TestNetworks(t *testing.T) {
	all := experiments.Networks()
	if len(all) != 12 {
		t.Errorf("there are %d networks, want 12", len(all))
	}
	for _, want := range all {
		text, err := json.Marshal(map[experiments.Network]experiments.Network{want: want})
		if err != nil {
			t.Fatal(err)
		}
		var got map[experiments.Network]experiments.Network
		if err := json.Unmarshal(text, &got); err != nil || got[want] != want {
			t.Errorf("%s came back as %v (%v)", text, got, err)
		}
	}
	if _, err := (experiments.Network{Kind: "vgg", Depth: 20}).MarshalText(); err == nil {
		t.Error("a network of no kind was written")
	}
}
