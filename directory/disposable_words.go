package directory

import "strings"

// kinds and things make up disposable addresses: short words that are spelt as they
// sound, and that nobody minds to tell a shop.

func kinds() []string {
	return strings.Fields(`
		amber ample azure bold brave brief bright brisk bronze calm candid cedar civil
		clear clever coral cosy crisp dapper dusty eager early fabled fancy festive fleet
		fluffy fond frank fresh frosty gentle giant golden grand happy hardy hazel honest
		humble jolly kind lemon lively lucky maple mellow merry mild misty modest neat
		noble olive patient plain polite prime proud quick quiet rapid ready royal ruby
		rustic silent silver simple sleek snug solid spare spry stable steady sunny swift
		tidy tiny trusty upbeat velvet violet vivid warm wise witty young zesty`)
}

func things() []string {
	return strings.Fields(`
		acorn anchor apple badger basket beacon beaver bell birch bison bottle breeze
		bridge button cabin candle canoe castle cherry cloud clover comet copper cricket
		daisy dolphin dragon drum falcon feather fern finch forest fox garden glacier
		goose grove hammer harbor hazelnut heron hill island jacket juniper kettle kite
		ladder lantern lark laurel lemur lily lobster magnet mango marble meadow melon
		meteor mill moon moose nectar needle oak oasis ocean orchid otter oyster panda
		parrot pebble pepper piano pigeon pillow planet plum pond poppy puffin pumpkin
		quill rabbit raven ribbon river robin rocket saddle salmon shell sparrow spoon
		squirrel stone sunset teapot thistle tiger tulip tunnel turtle valley violin
		walnut walrus whale willow window wolf yarrow zebra`)
}
