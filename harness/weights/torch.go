package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"path"

	"github.com/nlpodyssey/gopickle/types"

	"deepresidual/harness/pickle"
)

// The files of torch.save, old and new (torch/serialization.py). gopickle's own
// reader of them is not used: it believes the sizes in the file, and takes a
// short read for a whole one.

// legacyMagic is the first pickle of a file from before PyTorch 1.6.
const (
	legacyMagic   = "1950a86a20f9469cfc6c"
	legacyVersion = 1001
)

// readLegacy reads the older format: five pickles (a magic number, a version,
// the writer's system, the object, the keys of the storages), then for each
// key the number of elements and the elements.
func readLegacy(content []byte) (*File, error) {
	magic, rest, err := pickle.Load(content, nil, nil)
	if n, ok := magic.(*big.Int); err != nil || !ok || n.Text(16) != legacyMagic {
		return nil, errors.New("it is a pickle, but not a file of torch.save")
	}
	version, rest, err := pickle.Load(rest, nil, nil)
	if err != nil {
		return nil, err
	}
	if version != legacyVersion {
		return nil, fmt.Errorf("its version is %s, not %d", describe(version), legacyVersion)
	}
	system, rest, err := pickle.Load(rest, nil, nil)
	if err != nil {
		return nil, err
	}
	if little, ok := lookUp(system, "little_endian"); ok && little != true {
		return nil, errors.New("it was written on a big-endian machine")
	}

	all := storages{}
	value, rest, err := pickle.Load(rest, findClass, all.load)
	if err != nil {
		return nil, err
	}
	keys, rest, err := pickle.Load(rest, nil, nil)
	if err != nil {
		return nil, err
	}
	list, ok := keys.(*types.List)
	if !ok {
		return nil, errors.New("the list of storages is damaged")
	}
	for _, key := range *list {
		name, _ := key.(string)
		s := all[name]
		if s == nil {
			return nil, fmt.Errorf("storage %.40q belongs to no tensor", name)
		}
		if s.size == 0 {
			return nil, fmt.Errorf("storage %.40q is of the unknown class %.40q", name, s.name)
		}
		if len(rest) < 8 {
			return nil, fmt.Errorf("storage %.40q is cut off", name)
		}
		if count := binary.LittleEndian.Uint64(rest); count != uint64(s.count) {
			return nil, fmt.Errorf("storage %.40q holds %d elements, its tensor says %d", name, count, s.count)
		}
		rest = rest[8:]
		if int64(len(rest)) < s.bytes() {
			return nil, fmt.Errorf("storage %.40q is cut off: %d of %d bytes are there", name, len(rest), s.bytes())
		}
		s.data, rest = rest[:s.bytes()], rest[s.bytes():]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the last storage", len(rest))
	}
	return stateDict(value, func(*storage) error { return nil })
}

// zipMagic begins an archive of one file or more.
const zipMagic = "PK\x03\x04"

// readZip reads the format since PyTorch 1.6: an uncompressed zip archive with
// the object in NAME/data.pkl and each storage in NAME/data/KEY.
func readZip(content []byte) (*File, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if errors.Is(err, zip.ErrFormat) {
		return nil, fmt.Errorf("the zip archive is cut off after %d bytes or damaged: its list of records, at its end, is missing", len(content))
	}
	if err != nil {
		return nil, fmt.Errorf("the zip archive is damaged: %w", err)
	}
	records := make(map[string]*zip.File, len(archive.File))
	var folder string
	var pickled []byte
	for _, f := range archive.File {
		if records[f.Name] != nil {
			return nil, fmt.Errorf("the archive holds two records %.100q", f.Name)
		}
		records[f.Name] = f
		if dir, name := path.Split(f.Name); name == "data.pkl" {
			if pickled != nil {
				return nil, errors.New("the archive holds two records data.pkl")
			}
			if pickled, err = stored(content, f); err != nil {
				return nil, err
			}
			folder = dir
		}
	}
	if pickled == nil {
		return nil, errors.New("it is a zip archive without data.pkl, not a file of torch.save; if it is a packed one, unpack it first")
	}
	if records[folder+"constants.pkl"] != nil {
		return nil, errors.New("it is a TorchScript program, not a state dict")
	}
	if f := records[folder+"byteorder"]; f != nil {
		order, err := stored(content, f)
		if err != nil {
			return nil, err
		}
		if string(order) != "little" {
			return nil, errors.New("it was written on a big-endian machine")
		}
	}

	all := storages{}
	value, _, err := pickle.Load(pickled, findClass, all.load)
	if err != nil {
		return nil, err
	}
	return stateDict(value, func(s *storage) error {
		if s.data != nil {
			return nil
		}
		f := records[folder+"data/"+s.key]
		if f == nil {
			return fmt.Errorf("storage %.40q is missing", s.key)
		}
		if s.data, err = stored(content, f); err != nil {
			return err
		}
		if int64(len(s.data)) != s.bytes() {
			return fmt.Errorf("storage %.40q has %d bytes, its tensor says %d", s.key, len(s.data), s.bytes())
		}
		return nil
	})
}

// stored returns the bytes of a record, which lie in the archive as they are.
func stored(content []byte, f *zip.File) ([]byte, error) {
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return nil, fmt.Errorf("record %.100q is compressed, which torch.save does not do", f.Name)
	}
	at, err := f.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("record %.100q: %w", f.Name, err)
	}
	if at < 0 || at > int64(len(content)) || f.UncompressedSize64 > uint64(int64(len(content))-at) {
		return nil, fmt.Errorf("record %.100q is cut off", f.Name)
	}
	data := content[at : at+int64(f.UncompressedSize64)]
	if crc32.ChecksumIEEE(data) != f.CRC32 {
		return nil, fmt.Errorf("record %.100q is damaged: its checksum is wrong", f.Name)
	}
	return data, nil
}
