package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"path"
	"regexp"
	"slices"

	"deepresidual/models"
)

// classes are the names of CIFAR-10's labels, 0 to 9.
var classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// pngForm is a folder of PNG files: train/CLASS/ANY.png and test/CLASS/ANY.png,
// the class by its name or number.
type pngForm struct{}

var pngPattern = regexp.MustCompile(`^((?:.*/)?)(train|test)/[^/]+/[^/]+\.(?:png|PNG)$`)

func (pngForm) names() []string { return nil }

func (pngForm) match(file string) (part, string, bool) { return matchParts(file, pngPattern) }

// maxPNG is far above the 3 kB of a 32x32 image, for what may be beside it.
const maxPNG = 1 << 20

func (pngForm) read(c *content, p part, g *gathering) error {
	class := path.Base(path.Dir(c.path))
	label := slices.Index(classes, class)
	if label < 0 && len(class) == 1 && class[0] >= '0' && class[0] <= '9' {
		label = int(class[0] - '0')
	}
	if label < 0 {
		return fmt.Errorf("%.40q is no class of CIFAR-10", class)
	}
	file, err := c.all(maxPNG)
	if err != nil {
		return err
	}
	record, err := g.room(p, 1)
	if err != nil {
		return err
	}
	record[0] = byte(label)
	return decodePNG(record[1:], file)
}

// decodePNG writes the planes of a PNG file's image to pixels (3, 32, 32).
func decodePNG(pixels, file []byte) error {
	if bytes.HasPrefix(file, []byte("\xff\xd8\xff")) {
		return errors.New("it is a JPEG, which has lost what training needs: PNG is wanted")
	}
	// The size is looked at before there is memory for an image of it.
	head, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("the PNG is damaged: %w", err)
	}
	if head.Width != models.ImageSize || head.Height != models.ImageSize {
		return fmt.Errorf("the image is %dx%d, not %dx%d", head.Width, head.Height, models.ImageSize, models.ImageSize)
	}
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("the PNG is damaged: %w", err)
	}
	red, green, blue := pixels[:planeSize], pixels[planeSize:2*planeSize], pixels[2*planeSize:]
	if rgba, ok := decoded.(*image.RGBA); ok { // as every PNG without transparency is decoded
		for i := range planeSize {
			pixel := rgba.Pix[4*i : 4*i+3]
			red[i], green[i], blue[i] = pixel[0], pixel[1], pixel[2]
		}
		return nil
	}
	for i := range planeSize {
		r, g, b, _ := decoded.At(i%models.ImageSize, i/models.ImageSize).RGBA()
		red[i], green[i], blue[i] = byte(r>>8), byte(g>>8), byte(b>>8)
	}
	return nil
}
