package appliance

import "maps"

// Origin says where the value of a key comes from. What comes later in this list
// counts before what comes earlier, but for the browser: what somebody wrote into
// the file or typed with the program is not overruled from afar.
type Origin string

// The origins there are.
const (
	FromDefault Origin = "default"
	FromBrowser Origin = "browser"
	FromFile    Origin = "file"
	FromFlag    Origin = "flag" // --set
)

// came notes the origin of a key. Copies of c keep what they have.
func (c *Config) came(name string, from Origin) {
	c.Origins = maps.Clone(c.Origins)
	if c.Origins == nil {
		c.Origins = map[string]Origin{}
	}
	c.Origins[name] = from
}

// origin is where the value of a key comes from. One that is not as it would be
// by itself was written by somebody, also where Load was not asked.
func (c *Config) origin(name string) Origin {
	if from, known := c.Origins[name]; known {
		return from
	}
	first := Default()
	now, _ := c.find(name)
	before, _ := first.find(name)
	if now.text() != before.text() {
		return FromFile
	}
	return FromDefault
}
