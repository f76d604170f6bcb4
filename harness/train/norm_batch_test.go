package train

import (
	"fmt"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/models"
	"deepresidual/models/ops"
)

// A part of a minibatch that a spec may normalise by itself is one that models
// compute, and one that it may not is none, on maps of 8x8 as on maps of 4x4.
func TestNormBatchAgreesWithModels(t *testing.T) {
	for name, network := range map[string]string{
		"maps of 8x8": `blocks = [1, 1, 1]` + "\n" + `channels = [16, 16, 16]`,
		"maps of 4x4": `blocks = [1, 1, 1, 1]` + "\n" + `channels = [16, 16, 16, 16]`,
	} {
		for _, batch := range []int{32, 48, 96, 128, 144, 160, 8192} {
			for _, part := range []int{1, 4, 6, 8, 12, 16, 24, 32, 40, 48, 64, 72, 80, 96, 127, 128, 144, 160, 512, 4096, 8192} {
				if part > batch {
					break
				}
				spec := fmt.Sprintf("title = \"t\"\ndraw = \"curves\"\nnetworks = [\"n\"]\n[network.n]\nkind = \"plain\"\n%s\n[protocol]\nbatch = %d\nnorm_batch = %d\n", network, batch, part)
				_, refused := experiments.Parse("x.toml", []byte(spec))
				net, err := experiments.Parse("x.toml", []byte(strings.Replace(spec, "norm_batch", "# norm_batch", 1)))
				if err != nil {
					t.Fatal(err)
				}
				conventions := ops.CommonConventions()
				conventions.NormBatch = part
				m, err := models.New(net.Networks[0], models.Options{Batch: batch, Threads: 1, Conventions: conventions})
				if err == nil {
					m.Close()
				}
				if (refused == nil) != (err == nil) {
					t.Errorf("%s, batch %d in parts of %d: the spec says %v, the model %v", name, batch, part, refused, err)
				}
			}
		}
	}
}
