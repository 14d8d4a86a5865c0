package appliance

import "runtime/debug"

// Version is what this program was built from, as the Go toolchain noted it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return programVersion(&debug.BuildInfo{})
	}
	return programVersion(info)
}

// programVersion is that of a program.
func programVersion(info *debug.BuildInfo) string {
	if info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
