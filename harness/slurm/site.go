package slurm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

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
	AtOnce    int      `toml:"at_once"` // tasks of an array that may run at the same time; default: no limit
	Options   []string `toml:"options"` // other options of sbatch, such as "--qos=long"
}

// memoryElsewhere reports whether an option says how much memory a task has, beside which
// sbatch takes no --mem.
func (s Site) memoryElsewhere() bool {
	return slices.ContainsFunc(s.Options, func(option string) bool { return strings.HasPrefix(option, "--mem-per-") })
}

// DefaultCPUs are the processors of a task where the site says nothing.
const DefaultCPUs = 4

// maxCPUs are more than any node has: what is above is a slip.
const maxCPUs = 4096

// ReadSite reads the table [slurm] of a TOML file, strictly. What is wrong with
// the table is an [*experiments.SpecError].
func ReadSite(path string) (Site, error) {
	text, err := experiments.ReadFile(path)
	if err != nil {
		return Site{}, fmt.Errorf("reading the [slurm] table: %w", err)
	}
	var doc struct {
		Slurm Site `toml:"slurm"`
	}
	doc.Slurm.CPUs = DefaultCPUs
	err = experiments.Decode(path, text, &doc, func() (key, problem string) {
		key, problem = doc.Slurm.problem()
		return "slurm." + key, problem
	})
	return doc.Slurm, err
}

// What sbatch(1) takes for a time, a memory and a name.
var (
	timeForm   = regexp.MustCompile(`^([0-9]+(:[0-9]+){0,2}|[0-9]+-[0-9]+(:[0-9]+){0,2})$`)
	memoryForm = regexp.MustCompile(`^[0-9]+[KMGT]?$`)
	nameForm   = regexp.MustCompile(`^[\w.,:+@-]+$`)
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
	if s.CPUs < 1 || s.CPUs > maxCPUs {
		return "cpus", fmt.Sprintf("found %d, wanted 1 to %d", s.CPUs, maxCPUs)
	}
	if s.Memory != "" && s.memoryElsewhere() {
		return "memory", "is said by an option, too; wanted one of them"
	}
	if s.AtOnce < 0 {
		return "at_once", fmt.Sprintf("found %d, wanted at least 1, or 0 for no limit", s.AtOnce)
	}
	for _, o := range s.Options {
		if err := s.check(o); err != nil {
			return "options", err.Error()
		}
	}
	return "", ""
}

// Add adds an option of sbatch to those of the site. --array=%N says how many
// tasks of an array may run at the same time, --cpus-per-task=N what cpus says in
// a file.
func (s *Site) Add(option string) error {
	if cpus := processors.FindStringSubmatch(option); cpus != nil {
		n, err := strconv.Atoi(cpus[1])
		if err != nil || n < 1 || n > maxCPUs {
			return fmt.Errorf("found %q, wanted 1 to %d, such as %q", option, maxCPUs, "--cpus-per-task=4")
		}
		s.CPUs = n
		return nil
	}
	if n, ok := strings.CutPrefix(option, "--array=%"); ok {
		limit, err := strconv.Atoi(n)
		if err != nil || limit < 1 {
			return fmt.Errorf("found %q, wanted a number from 1 on, such as %q", option, "--array=%4")
		}
		s.AtOnce = limit
		return nil
	}
	if err := s.check(option); err != nil {
		return err
	}
	s.Options = append(s.Options, option)
	return nil
}

// processors is an option of sbatch that says how many processors a task has.
var processors = regexp.MustCompile(`^(?:-c *|--cpus-per-task[ =] *)(.*)$`)

// taken are the options of sbatch that a submission cannot do without, or that
// it cannot do with, and why.
var taken = []struct {
	long, short, reason string
}{
	{"array", "a", "the runs are the array; at_once = N, or --array=%N, says how many of its tasks run at the same time"},
	{"output", "o", "the logs are looked for where they are"},
	{"wrap", "", "the script is what is submitted"},
	{"dependency", "d", "the last job depends on the arrays"},
	{"chdir", "D", "the tasks work in the folder of the submission"},
	{"no-requeue", "", "a task that its time limit stops is put back into the queue"},
	{"cpus-per-task", "c", "cpus = N, or --cpus-per-task=N on the command line, says how many processors a task has"},
	{"parsable", "", "it is given already"},
	{"test-only", "", "-dry-run submits nothing"},
	{"wait", "W", "the program does not wait for the jobs"},
	{"clusters", "M", "only sbatch would obey; set SLURM_CLUSTERS in the environment, which all of Slurm's commands do"},
}

// valueless are the short options of sbatch that take no value, or may go
// without: what follows one in the same text may be another option.
const valueless = "HIOQVXhksuv"

// check says whether a text can be one of the site's options of sbatch, one and
// no more. sbatch takes a long option by any beginning that is no other's: what
// begins the name of a taken one is refused even where sbatch of today would find
// it ambiguous. No other option of sbatch has a name that begins a taken one's.
func (Site) check(o string) error {
	name, long := strings.CutPrefix(o, "--")
	name, _, _ = strings.Cut(name, "=")
	name, _, _ = strings.Cut(name, " ")
	if !strings.HasPrefix(o, "-") || name == "" || name == "-" || strings.ContainsFunc(o, unicode.IsControl) {
		return fmt.Errorf("found %q, wanted an option of sbatch on one line, such as %q", o, "--qos=long")
	}
	for _, t := range taken {
		if long && strings.HasPrefix(t.long, name) || !long && t.short != "" && strings.HasPrefix(o, "-"+t.short) {
			return fmt.Errorf("found %q, which is not for the site to say: %s", o, t.reason)
		}
	}
	if !long && len(o) > 2 && strings.Contains(valueless, o[1:2]) {
		return fmt.Errorf("found %q, which may be several options of sbatch: give each by itself", o)
	}
	return nil
}
