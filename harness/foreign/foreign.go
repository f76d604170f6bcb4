// Package foreign names what stands in the place of a file that was wanted, be it a
// data set or weights: a server's page, a pointer of Git LFS, an archive of a kind
// that is not read. It does not know what is wanted: readers look for their own kinds
// first.
package foreign

import (
	"bytes"
	"errors"
)

// kinds are beginnings of files, and what these are.
var kinds = []struct {
	begin string
	text  bool // in upper or lower case, maybe behind blank lines and a byte order mark
	what  string
}{
	{"version https://git-lfs", true, "it is a Git LFS pointer, not the file itself: fetch that with git lfs pull"},
	{"<!doctype html", true, "it is an HTML page: a server sent that in place of the file"},
	{"<html", true, "it is an HTML page: a server sent that in place of the file"},
	{"<head", true, "it is an HTML page: a server sent that in place of the file"},
	{"<?xml", true, "it is an XML message: a server sent that in place of the file"},
	{"\x1f\x8b", false, "it is compressed with gzip: unpack it first (gunzip)"},
	{"BZh", false, "it is compressed with bzip2, which is not read: unpack it first (bunzip2)"},
	{"\xfd7zXZ\x00", false, "it is compressed with xz, which is not read: unpack it first (unxz)"},
	{"\x28\xb5\x2f\xfd", false, "it is compressed with zstd, which is not read: unpack it first (unzstd)"},
	{"Rar!", false, "it is a RAR archive, which is not read: unpack it first"},
	{"7z\xbc\xaf", false, "it is a 7z archive, which is not read: unpack it first"},
	{"\x89HDF", false, "it is an HDF5 file, as Keras writes, which is not read"},
}

// Recognise says what a file is that begins so, nil if that tells nothing.
func Recognise(head []byte) error {
	words := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	for _, k := range kinds {
		is := bytes.HasPrefix(head, []byte(k.begin))
		if k.text {
			is = bytes.EqualFold(words[:min(len(words), len(k.begin))], []byte(k.begin))
		}
		if is {
			return errors.New(k.what)
		}
	}
	return nil
}
