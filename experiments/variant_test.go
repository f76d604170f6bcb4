package experiments_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
)

// variants is a spec that each case of TestVariantErrors spoils in one place.
const variants = `title = "T"
draw = "choices"
networks = ["plain-20", "resnet-20"]
seeds = [1, 2]

[protocol]
iterations = 1000
milestones = [500, 750]

[[variant]]
label = "as it is"

[[variant]]
label = "shorter"

[variant.protocol]
iterations = 100
milestones = [50]
nesterov = true

[[claim]]
name = "c"
statement = "S"
kind = "higher"
metric = "test"
variant = "shorter"
of = ["plain-20"]
than = ["resnet-20"]
`

// Each network is trained once by each variant, which has the spec's own
// protocol with its keys set.
func TestVariants(t *testing.T) {
	e, err := experiments.Parse("v.toml", []byte(variants))
	if err != nil {
		t.Fatal(err)
	}
	own := experiments.Paper()
	own.Iterations, own.Milestones = 1000, []int{500, 750}
	if diff := cmp.Diff(own, e.Protocol); diff != "" {
		t.Errorf("the spec's protocol (-want +got):\n%s", diff)
	}
	shorter := own
	shorter.Iterations, shorter.Milestones, shorter.Nesterov = 100, []int{50}, true
	want := []experiments.Variant{{Label: "as it is", Protocol: own}, {Label: "shorter", Protocol: shorter}}
	if diff := cmp.Diff(want, e.Variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	half := experiments.Scale{Num: 1, Den: 2}
	var got []string
	for _, r := range e.Runs(half, nil) {
		got = append(got, r.Network.String()+" "+r.Variant)
		v := want[0]
		if r.Variant == "shorter" {
			v = want[1]
		}
		if diff := cmp.Diff(v.Protocol.Scaled(half), r.Protocol); diff != "" {
			t.Errorf("%s of %q (-want +got):\n%s", r.Network, r.Variant, diff)
		}
	}
	wantRuns := "plain-20 as it is, plain-20 as it is, plain-20 shorter, plain-20 shorter, " +
		"resnet-20 as it is, resnet-20 as it is, resnet-20 shorter, resnet-20 shorter"
	if got := strings.Join(got, ", "); got != wantRuns {
		t.Errorf("runs\n got %s\nwant %s", got, wantRuns)
	}
}

func TestVariantErrors(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"another drawing", `"choices"`, `"curves"`, `:10: variant[1]: "curves" has no variants, only "choices" has`},
		{"one variant", "[[variant]]\nlabel = \"as it is\"\n", "", `: variant: found 1, wanted two [[variant]] tables or more; "choices" compares them`},
		{"no label", `label = "as it is"`, "", `:10: variant[1].label: missing or empty`},
		{"a label twice", `"shorter"

[variant`, `"as it is"

[variant`, `:14: variant[2].label: an earlier variant is called "as it is" too`},
		{"no difference", "iterations = 100\nmilestones = [50]\nnesterov = true", "", `:13: variant[2]: does not differ from variant "as it is"`},
		{"one run said in two ways", "iterations = 100\nmilestones = [50]\nnesterov = true", "norm_batch = 128\neval_interval = 25\nwarmup_window = 391",
			`:13: variant[2]: does not differ from variant "as it is"`},
		{"no difference to these networks", "iterations = 100\nmilestones = [50]\nnesterov = true", "warmup_from_depth = 56\nwarmup_window = 10",
			`:13: variant[2]: differs from variant "as it is" only in what has no part in training these networks: warmup_from_depth, warmup_window`},
		{"unknown key", "nesterov = true", "nestrov = true", `:19: variant[2].protocol.nestrov: no such key; did you mean "nesterov"?`},
		{"impossible value", "milestones = [50]", "milestones = [150]", `:18: variant[2].protocol.milestones: 150 is past the end of training, which has 100 iterations`},
		{"claim about no variant", "variant = \"shorter\"\n", "", `:21: claim[1].variant: missing; there are "as it is", "shorter"`},
		{"claim about another variant", `variant = "shorter"`, `variant = "short"`, `:26: claim[1].variant: no variant is called "short"; did you mean "shorter"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(variants, c.old) != 1 {
				t.Fatalf("%q does not stand once in the spec", c.old)
			}
			_, err := experiments.Parse("v.toml", []byte(strings.Replace(variants, c.old, c.new, 1)))
			var spec *experiments.SpecError
			if !errors.As(err, &spec) || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("\n got %v\nwant v.toml%s", err, c.want)
			}
		})
	}
	spec := strings.Replace(good, "name = \"first\"\n", "name = \"first\"\nvariant = \"x\"\n", 1)
	if _, err := experiments.Parse("good.toml", []byte(spec)); err == nil || !strings.HasSuffix(err.Error(), "claim[1].variant: the experiment has no variants") {
		t.Errorf("a variant where there are none: %v", err)
	}
}

// Whether a network warms up is for the variant to say that a claim is about.
func TestWarmupClaimOfAVariant(t *testing.T) {
	spec := func(variant string) []byte {
		return []byte(`title = "Warm-up"
draw = "choices"
networks = ["resnet-20"]
[[variant]]
label = "none"
[[variant]]
label = "early"
[variant.protocol]
warmup_from_depth = 20
[[claim]]
name = "warms-up"
statement = "resnet-20 leaves the warm-up"
kind = "warmed-up"
variant = "` + variant + `"
of = ["resnet-20"]
`)
	}
	if _, err := experiments.Parse("w.toml", spec("early")); err != nil {
		t.Error(err)
	}
	if _, err := experiments.Parse("w.toml", spec("none")); err == nil || !strings.Contains(err.Error(), "names resnet-20, which does not warm up: protocol.warmup_from_depth is 110") {
		t.Errorf("a claim about a variant without warm-up: %v", err)
	}
}
