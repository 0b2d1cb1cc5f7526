// Lists the programs that scripts and tests need beside Node.js and npm, and how they are installed.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The command that installs each tool. Tools of the operating system name the packages of Debian and Ubuntu. */
const INSTALL = {
  'apt-get': 'run it on Debian or Ubuntu',
  busybox: 'apt-get install busybox-static',
  cc: 'apt-get install gcc libc6-dev',
  chroot: 'apt-get install coreutils',
  'dpkg-deb': 'apt-get install dpkg',
  git: 'apt-get install git',
  go: 'apt-get install golang-go, or https://go.dev/doc/install for a newer one',
  java: 'apt-get install default-jdk-headless',
  javac: 'apt-get install default-jdk-headless',
  mount: 'apt-get install mount',
  mvn: 'apt-get install maven',
  npm: 'https://nodejs.org/en/download',
  pip: 'apt-get install python3-pip',
  python3: 'apt-get install python3 python3-venv',
  skopeo: 'apt-get install skopeo',
  tar: 'apt-get install tar',
  taskset: 'apt-get install util-linux',
  umoci: 'apt-get install umoci',
  unshare: 'apt-get install util-linux',
};

/** @returns {string[]} the tools that are not on the PATH */
export function missingTools(names) {
  return names.filter((name) => !isOnPath(name));
}

/** @returns {string} one sentence that names the missing tool and the command that installs it */
export function describeMissing(name) {
  return `${name} is missing; to install it: ${INSTALL[name] ?? `apt-get install ${name}`}`;
}

/** Ends a script if a tool is missing, with one line for each missing tool and exit code 1. */
export function requireTools(script, names) {
  const missing = missingTools(names);
  if (missing.length > 0) endWith(script, missing.map(describeMissing));
}

/** Ends a script that cannot do its work, with one line for each reason, exit code 1 and no stack. */
export function endWith(script, reasons) {
  for (const reason of [reasons].flat()) console.error(`${script}: ${reason}`);
  process.exit(1);
}

/** Looks for a command on the PATH, as a shell does. */
function isOnPath(name) {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return statSync(join(directory, name)).isFile();
    } catch {
      return false;
    }
  });
}
