package foreign

import (
	"strings"
	"testing"
)

func TestRecognise(t *testing.T) {
	for head, want := range map[string]string{
		"version https://git-lfs.github.com/spec/v1\n": "Git LFS pointer",
		"\xef\xbb\xbf \r\n<!DOCTYPE HTML>":             "HTML page",
		"<html lang=en>":                               "HTML page",
		"<HEAD><title>Sign in":                         "HTML page",
		"<?xml version='1.0'?><Error>":                 "XML message",
		"\x1f\x8b\x08":                                 "gzip",
		"BZh91AY":                                      "bzip2",
		"\xfd7zXZ\x00\x00":                             "with xz",
		"\x28\xb5\x2f\xfd\x24":                         "zstd",
		"Rar!\x1a\x07":                                 "RAR",
		"7z\xbc\xaf\x27\x1c":                           "7z archive",
		"\x89HDF\r\n":                                  "HDF5",
		"":                                             "",
		"<":                                            "",
		"bzh":                                          "",
		"\t\x1f\x8b\x08":                               "", // an image of class 9
		"PK\x03\x04":                                   "",
	} {
		err := Recognise([]byte(head))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", head, err, want)
		}
	}
}
