package hub

import (
	"fmt"
	"strings"
)

// NameError tells that files of a repo can not stand on this system's disks
// under their names.
type NameError struct {
	Files  []string
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s: %s", strings.Join(e.Files, ", "), e.Reason)
}

// storable refuses names that the system named by goos takes for something else:
// devices, streams, names that lose their end, and names that differ in case
// only. It is asked before anything is fetched.
func (p *DownloadPlan) storable(goos string) error {
	if goos != "windows" && goos != "darwin" {
		return nil
	}
	seen := map[string]string{} // every file and directory, in small letters
	for _, f := range p.Files {
		for at, path := 0, f.Path; at < len(path); {
			end := len(path)
			if i := strings.IndexByte(path[at:], '/'); i >= 0 {
				end = at + i
			}
			if reason := unfit(path[at:end]); goos == "windows" && reason != "" {
				return &NameError{[]string{f.Path}, reason}
			}
			name := path[:end]
			if other, ok := seen[strings.ToLower(name)]; ok && other != name {
				return &NameError{[]string{other, name}, "names that differ in case only are one file here"}
			}
			seen[strings.ToLower(name)] = name
			at = end + 1
		}
	}
	return nil
}

// unfit says why Windows can not have a file of this name, "" if it can.
func unfit(name string) string {
	if i := strings.IndexAny(name, `<>:"|?*`); i >= 0 {
		return fmt.Sprintf("Windows has no files with %q in their names", name[i:i+1])
	}
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return "Windows drops a dot or space at the end of a name"
	}
	base, _, _ := strings.Cut(name, ".")
	switch base = strings.ToUpper(strings.TrimRight(base, " ")); {
	case base == "CON", base == "PRN", base == "AUX", base == "NUL", base == "CONIN$", base == "CONOUT$":
		return "the name is that of a device on Windows"
	case len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) && base[3] >= '0' && base[3] <= '9':
		return "the name is that of a device on Windows"
	}
	return ""
}
