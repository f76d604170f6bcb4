package data

import "fmt"

// binaryForm is the "binary version" of CIFAR-10: six files of records, which
// are those of [Images].
type binaryForm struct{}

var binaryNames = batchNames(".bin")

func (binaryForm) names() []string { return binaryNames }

func (binaryForm) match(file string) (part, string, bool) { return matchBatch(file, binaryNames) }

func (binaryForm) read(c *content, p part, g *gathering) error {
	if want := int64(g.Batch * recordSize); c.size != want {
		what := "truncated"
		if c.size > want {
			what = "too long"
		}
		if c.size%(recordSize+1) == 0 && c.size > 0 {
			what = "in the format of CIFAR-100"
		}
		return fmt.Errorf("%d bytes where %d records of %d bytes make %d: it is %s", c.size, g.Batch, recordSize, want, what)
	}
	into, err := g.room(p, g.Batch)
	if err != nil {
		return err
	}
	return c.full(into)
}
