package slurm

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"deepresidual/experiments"
)

// Site is what a cluster needs to know of a job beyond what is to be trained:
// the table [slurm] of a TOML file. Every key is optional.
type Site struct {
	Partition string   `toml:"partition"`
	Account   string   `toml:"account"`
	Time      string   `toml:"time"`    // limit of a task, as sbatch takes it; default: an estimate for the network
	CPUs      int      `toml:"cpus"`    // of a task; default 4
	Memory    string   `toml:"memory"`  // of a task, as sbatch takes it; default: an estimate for the network
	Options   []string `toml:"options"` // other options of sbatch, such as "--qos=long"
}

// DefaultCPUs are the processors of a task where the site says nothing.
const DefaultCPUs = 4

// ReadSite reads the table [slurm] of a TOML file, strictly. What is wrong with
// the table is an [*experiments.SpecError].
func ReadSite(path string) (Site, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Site{}, fmt.Errorf("reading the [slurm] table: %w", err)
	}
	var doc struct {
		Slurm Site `toml:"slurm"`
	}
	doc.Slurm.CPUs = DefaultCPUs
	if err := experiments.Decode(path, text, &doc); err != nil {
		return Site{}, err
	}
	if key, problem := doc.Slurm.problem(); problem != "" {
		return Site{}, &experiments.SpecError{File: path, Key: "slurm." + key, Problem: problem}
	}
	return doc.Slurm, nil
}

// What sbatch(1) takes for a time, a memory and a name.
var (
	timeForm   = regexp.MustCompile(`^([0-9]+(:[0-9]+){0,2}|[0-9]+-[0-9]+(:[0-9]+){0,2})$`)
	memoryForm = regexp.MustCompile(`^[0-9]+[KMGT]?$`)
	nameForm   = regexp.MustCompile(`^[^\s"'#]+$`)
)

// problem says which key has a value that sbatch would not take, and why.
func (s Site) problem() (key, problem string) {
	for _, c := range []struct {
		key, value, want string
		form             *regexp.Regexp
	}{
		{"partition", s.Partition, "a name", nameForm},
		{"account", s.Account, "a name", nameForm},
		{"time", s.Time, `minutes, "hours:minutes:seconds" or "days-hours:minutes:seconds"`, timeForm},
		{"memory", s.Memory, `megabytes or a number with K, M, G or T, such as "4G"`, memoryForm},
	} {
		if c.value != "" && !c.form.MatchString(c.value) {
			return c.key, fmt.Sprintf("found %q, wanted %s", c.value, c.want)
		}
	}
	if s.CPUs < 1 {
		return "cpus", fmt.Sprintf("found %d, wanted at least 1", s.CPUs)
	}
	for _, o := range s.Options {
		if err := CheckOption(o); err != nil {
			return "options", err.Error()
		}
	}
	return "", ""
}

// CheckOption says whether a text can be an option of sbatch.
func CheckOption(o string) error {
	if !strings.HasPrefix(o, "-") || strings.ContainsAny(o, "\r\n") {
		return fmt.Errorf("found %q, wanted an option of sbatch on one line, such as %q", o, "--qos=long")
	}
	return nil
}
