#!/usr/bin/env bash
# Packs this package, installs it into an empty project in the folder $1 and uses it from there: plain JavaScript,
# TypeScript with the types of every supported Node, the command line.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
project=$1/consumer
quiet=(--no-audit --no-fund --ignore-scripts --loglevel=error)

version=$(node -p 'require(process.argv[1]).version' "$root/package.json")
typescript=$(node -p 'require(process.argv[1]).version' "$root/node_modules/typescript/package.json")

mkdir -p "$project"
(cd "$root" && npm pack --silent --pack-destination "$1" >/dev/null)
cp "$root"/test/package/consumer/* "$project"
cd "$project"
echo '{ "private": true, "type": "module" }' >package.json
npm install "${quiet[@]}" "$1/spillway-$version.tgz"

echo '> plain JavaScript'
node plain.js

for types in 20 22 24; do
  npm install "${quiet[@]}" --no-save "typescript@$typescript" "@types/node@$types"
  echo "> TypeScript $typescript with @types/node $(node -p 'require("@types/node/package.json").version')"
  npx --no tsc
  node compiled/typed.js
done

echo '> npx spillway --version'
printed=$(npx --no spillway -- --version)
echo "$printed"
[[ $printed == "$version" ]] || { echo "expected $version"; exit 1; }
