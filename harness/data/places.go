package data

import (
	"cmp"
	"os"
	"path/filepath"
)

// places lists where other programs keep CIFAR-10 on this machine, as far as it
// is there: what torchvision, Keras or Hugging Face has downloaded need not be
// downloaded again.
func places() []string {
	home, _ := os.UserHomeDir()
	at := func(variable string, fallback ...string) string {
		if dir := os.Getenv(variable); dir != "" {
			return dir
		}
		if home == "" {
			return ""
		}
		return filepath.Join(append([]string{home}, fallback...)...)
	}
	torch, keras := at("TORCH_HOME", ".cache", "torch"), at("KERAS_HOME", ".keras")
	var list []string
	for _, dir := range []string{
		".", "data", "datasets", // of a project that uses torchvision, which is told where
		torch, within(torch, "datasets"), at("", "data"), at("", "datasets"), at("", ".cache", "torchvision"),
		within(keras, "datasets"), within(keras, "datasets", "cifar-10-batches-py-target"),
	} {
		if dir == "" {
			continue
		}
		for _, name := range []string{
			pythonFolder, pythonArchive, binaryFolder, binaryArchive,
			"cifar-10-batches-py_archive", "cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz", // Keras's names for the archive
		} {
			if path := filepath.Join(dir, name); exists(path) {
				list = append(list, path)
			}
		}
	}
	// One folder for each revision of the repository, with links to the files.
	hub := cmp.Or(os.Getenv("HF_HUB_CACHE"), within(at("HF_HOME", ".cache", "huggingface"), "hub"))
	for _, repository := range []string{"datasets--uoft-cs--cifar10", "datasets--cifar10"} {
		if hub != "" {
			snapshots := filepath.Join(hub, repository, "snapshots")
			entries, _ := os.ReadDir(snapshots)
			for _, e := range entries {
				if path := filepath.Join(snapshots, e.Name(), "plain_text"); exists(path) {
					list = append(list, path)
				}
			}
		}
	}
	return list
}

// within returns a path in a folder, if there is one.
func within(dir string, path ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, path...)...)
}
