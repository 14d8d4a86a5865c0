// Package packaging holds what makes packages of the program, and tests alone
// that install, upgrade, remove and purge them. packaging/tools.mod pins the
// tools, apart from what the program is made of.
package packaging
