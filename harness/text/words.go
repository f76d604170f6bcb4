package text

import (
	"net/url"
	"regexp"
	"strings"
)

// Words writes arguments as a shell takes them.
func Words(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.ContainsFunc(a, special) {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// special reports whether a rune means something to a shell, or might.
func special(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+.,:/@%", r)
}

var scheme = regexp.MustCompile(`(?i)https?://`)

// Public returns an argument, or another text that ends with an address of the
// web, without what of the address may be secret: a user's name and password,
// and the query, which is where tokens are. Of an address that cannot be taken
// apart, or that may have a password elsewhere, only the scheme is left.
func Public(argument string) string {
	at := scheme.FindStringIndex(argument)
	if at == nil {
		return argument
	}
	u, err := url.Parse(argument[at[0]:])
	if err != nil || strings.Contains(u.Path, "@") {
		return argument[:at[1]] + "..."
	}
	return argument[:at[0]] + (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
