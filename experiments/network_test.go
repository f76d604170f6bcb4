package experiments_test

import (
	"testing"

	"deepresidual/experiments"
)

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
	} {
		if _, err := experiments.ParseNetwork(c.name); err == nil || err.Error() != c.want {
			t.Errorf("ParseNetwork(%q)\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}
