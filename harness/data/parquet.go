package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/parquet-go/parquet-go"

	"deepresidual/models"
)

// parquetForm is CIFAR-10 as Hugging Face keeps it: files of Apache Parquet
// with the columns "img", a PNG and its name, and "label".
type parquetForm struct{}

var parquetPattern = regexp.MustCompile(`^((?:.*/)?)(?:[^/]*-)?(train|test)(?:[-_.][^/]*|/[^/]+)?\.parquet$`)

func (parquetForm) names() []string { return nil }

func (parquetForm) match(file string) (part, string, bool) { return matchParts(file, parquetPattern) }

// parquetRow is a row as the file has it.
type parquetRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes,optional"`
	} `parquet:"img,optional"`
	Label int64 `parquet:"label,optional"`
}

func (parquetForm) read(c *content, p part, g *gathering) (err error) {
	// The library trusts its input in places.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parquet file is damaged: %.200v", r)
		}
	}()
	if c.size > maxFile {
		return errTooLong
	}
	file := c.at
	if file == nil {
		all, err := c.all(maxFile)
		if err != nil {
			return err
		}
		file = bytes.NewReader(all)
	}
	if err := checkFooter(file, c.size); err != nil {
		return fmt.Errorf("the parquet file is damaged: %w", err)
	}
	table, err := parquet.OpenFile(file, c.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("the parquet file is damaged: %.200v", err)
	}
	if _, ok := table.Schema().Lookup("fine_label"); ok {
		return errCIFAR100
	}
	for _, column := range [][]string{{"img", "bytes"}, {"label"}} {
		if _, ok := table.Schema().Lookup(column...); !ok {
			return errors.New(`there are no columns "img", with the bytes of a PNG, and "label"`)
		}
	}
	rows := parquet.NewGenericReader[parquetRow](table)
	defer rows.Close()
	next := make([]parquetRow, 1)
	for i := 0; ; i++ {
		n, err := rows.Read(next)
		if n == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if n == 0 {
			return fmt.Errorf("the parquet file is damaged: row %d: %.200v", i, err)
		}
		record, err := g.room(p, 1)
		if err != nil {
			return err
		}
		label := next[0].Label
		if label < 0 || label >= models.Classes {
			return fmt.Errorf("the label of row %d is %d, not 0 to %d", i, label, models.Classes-1)
		}
		record[0] = byte(label)
		if err := decodePNG(record[1:], next[0].Image.Bytes); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
}

// maxFooter is far above the footer of a file of CIFAR-10: the library makes
// room for whatever length the file says.
const maxFooter = 16 << 20

// checkFooter looks at the end of a file: the length of the footer, 4 bytes, and
// "PAR1".
func checkFooter(file io.ReaderAt, size int64) error {
	const frame = 12 // with the "PAR1" at the start
	if size < frame {
		return io.ErrUnexpectedEOF
	}
	var end [8]byte
	if _, err := file.ReadAt(end[:], size-int64(len(end))); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != "PAR1" || length > min(size-frame, maxFooter) {
		return errors.New("it does not end in a footer")
	}
	return nil
}
