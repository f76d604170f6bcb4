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
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"deepresidual/harness/pickle"
	"deepresidual/models"
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
func readLegacy(content []byte) ([]models.Tensor, error) {
	magic, rest, err := pickle.Load(content, nil, nil)
	if err != nil {
		return nil, err
	}
	if n, ok := magic.(*big.Int); !ok || n.Text(16) != legacyMagic {
		return nil, errors.New("it is a pickle, but not a file of torch.save")
	}
	version, rest, err := pickle.Load(rest, nil, nil)
	if err != nil {
		return nil, err
	}
	if version != legacyVersion {
		return nil, fmt.Errorf("its version is %.20v, not %d", version, legacyVersion)
	}
	system, rest, err := pickle.Load(rest, nil, nil)
	if err != nil {
		return nil, err
	}
	if little, ok := lookUp(system, "little_endian"); ok && little != true {
		return nil, errors.New("it was written on a big-endian machine")
	}

	storages := map[string]*storage{}
	object, rest, err := pickle.Load(rest, findClass, func(id any) (any, error) {
		s, key, err := newStorage(id)
		if err != nil {
			return nil, err
		}
		if old := storages[key]; old != nil {
			return old, nil
		}
		storages[key] = s
		return s, nil
	})
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
		s := storages[name]
		if s == nil {
			return nil, fmt.Errorf("storage %.40q belongs to no tensor", name)
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
	return stateDict(object)
}

// readZip reads the format since PyTorch 1.6: an uncompressed zip archive with
// the object in NAME/data.pkl and each storage in NAME/data/KEY.
func readZip(content []byte) ([]models.Tensor, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
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
		return nil, errors.New("it is a zip archive without data.pkl, not a file of torch.save")
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

	storages := map[string]*storage{}
	object, _, err := pickle.Load(pickled, findClass, func(id any) (any, error) {
		s, key, err := newStorage(id)
		if err != nil {
			return nil, err
		}
		if old := storages[key]; old != nil {
			return old, nil
		}
		f := records[folder+"data/"+key]
		if f == nil {
			return nil, fmt.Errorf("storage %.40q is missing", key)
		}
		if s.data, err = stored(content, f); err != nil {
			return nil, err
		}
		if int64(len(s.data)) != s.bytes() {
			return nil, fmt.Errorf("storage %.40q has %d bytes, its tensor says %d", key, len(s.data), s.bytes())
		}
		storages[key] = s
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return stateDict(object)
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

// stateDictKeys are the names under which training programs keep the state
// dict in a checkpoint that holds more than it.
var stateDictKeys = []string{"state_dict", "model_state_dict", "model", "net"}

// stateDict returns the tensors of an unpickled object: a state dict, or a
// dict that holds one.
func stateDict(object any) ([]models.Tensor, error) {
	top, ok := items(object)
	if !ok {
		return nil, fmt.Errorf("it holds %s, not a state dict as torch.save(model.state_dict(), path) writes it", describe(object))
	}
	if hasTensors(top) {
		return convert(top)
	}
	for _, key := range stateDictKeys {
		if value, ok := lookUp(object, key); ok {
			if inner, ok := items(value); ok && hasTensors(inner) {
				return convert(inner)
			}
		}
	}
	var keys []string
	for _, it := range top {
		keys = append(keys, fmt.Sprintf("%.40v", it.Key))
	}
	return nil, fmt.Errorf("none of its entries is a state dict: %.200s", strings.Join(keys, ", "))
}

// items returns the entries of a dict in their order.
func items(object any) ([]types.DictEntry, bool) {
	switch d := object.(type) {
	case *types.Dict:
		return *d, true
	case *types.OrderedDict:
		var list []types.DictEntry
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			list = append(list, types.DictEntry{Key: entry.Key, Value: entry.Value})
		}
		return list, true
	}
	return nil, false
}

func lookUp(object any, key string) (any, bool) {
	list, _ := items(object)
	for _, it := range list {
		if it.Key == key {
			return it.Value, true
		}
	}
	return nil, false
}

func hasTensors(list []types.DictEntry) bool {
	for _, it := range list {
		if _, ok := it.Value.(*tensor); ok {
			return true
		}
	}
	return false
}

func convert(list []types.DictEntry) ([]models.Tensor, error) {
	var tensors []models.Tensor
	room := int64(maxBytes)
	for _, it := range list {
		name, ok := it.Key.(string)
		if !ok {
			return nil, fmt.Errorf("a tensor's name is %s", describe(it.Key))
		}
		if isCounter(name) {
			continue
		}
		t, ok := it.Value.(*tensor)
		if !ok {
			return nil, fmt.Errorf("entry %.100s is %s, not a tensor", name, describe(it.Value))
		}
		data, err := t.floats(room)
		if err != nil {
			return nil, fmt.Errorf("tensor %.100s: %w", name, err)
		}
		room -= 4 * int64(len(data))
		tensors = append(tensors, models.Tensor{Name: name, Shape: t.shape, Data: data})
	}
	return tensors, nil
}
