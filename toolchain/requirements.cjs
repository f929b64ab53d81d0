"use strict";
/** What has to be there before any of our code can run. Plain old JavaScript: an old Node must be able to read it. */
var fs = require("fs");
var path = require("path");

var root = path.resolve(__dirname, "..");

/** Oldest Node that runs us; package.json says the same in `engines`. */
var OLDEST_NODE = [20, 19];

/**
 * What is wrong with a Node version, as a sentence, or null.
 *
 * @param {string} version such as `v20.19.0`
 */
function nodeProblem(version) {
  var parts = version.replace(/^v/, "").split(".").map(Number);
  var enough =
    parts[0] > OLDEST_NODE[0] || (parts[0] === OLDEST_NODE[0] && parts[1] >= OLDEST_NODE[1]);
  if (enough) return null;
  return (
    "Tollgate needs Node " +
    OLDEST_NODE.join(".") +
    " or newer, and this is " +
    version +
    ": install a newer Node."
  );
}

/** What is wrong with the npm packages beside `folder`, as a sentence, or null. Quick: is there anything at all? */
function packagesProblem(folder) {
  if (fs.existsSync(path.join(folder, "node_modules", "esbuild"))) return null;
  return "The npm packages are missing in " + folder + ": run `npm ci` there.";
}

/**
 * The first package that isn't installed as package-lock.json wants it, or null. Optional ones may be absent, as most
 * of them are for other platforms.
 */
function outdatedPackage(folder) {
  var wanted = packagesIn(path.join(folder, "package-lock.json"));
  var there = packagesIn(path.join(folder, "node_modules", ".package-lock.json"));
  var places = Object.keys(wanted).filter(function (place) {
    if (!place || wanted[place].link) return false;
    if (!there[place]) return !wanted[place].optional && !wanted[place].devOptional;
    return there[place].version !== wanted[place].version;
  });
  return places.length ? places[0] : null;
}

function packagesIn(lockFile) {
  try {
    return JSON.parse(fs.readFileSync(lockFile, "utf8")).packages || {};
  } catch (error) {
    void error; // Missing or unreadable: nothing is installed.
    return {};
  }
}

/** Ends the process with one sentence when something is missing. */
function check() {
  var problem = nodeProblem(process.version) || packagesProblem(root);
  if (!problem) return;
  process.stderr.write(problem + "\n");
  process.exit(1);
}

module.exports = {
  check: check,
  nodeProblem: nodeProblem,
  outdatedPackage: outdatedPackage,
  packagesProblem: packagesProblem,
};
