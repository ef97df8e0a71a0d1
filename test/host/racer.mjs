// Claims one path after the other, each at the moment that all who race were given, by what stood there before the race;
// tells which it got.

const [module = '', folder = '', rounds = ''] = process.argv.slice(2)
const { claim } = await import(new URL('claim.js', module).href)
const { placeOf, socketAt } = await import(new URL('place.js', module).href)

const EVERY = 8

const places = Array.from({ length: Number(rounds) }, (_, round) => placeOf(`${folder}/${round}`))
const seen = places.map(({ path }) => socketAt(path))

/** @param {number} start */
async function race(start) {
  /** @type {number[]} */
  const won = []
  for (const [round, place] of places.entries()) {
    while (Date.now() < start + round * EVERY);
    if ((await claim(place, seen[round])) !== undefined) won.push(round)
  }
  process.send?.(won)
}

process.once('message', (/** @type {number} */ start) => void race(start))
process.send?.('ready')
