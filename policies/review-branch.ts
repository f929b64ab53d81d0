/**
 * Full refs that a branch's name may mean, the preferred first: what the remote has was merged there, while anybody can
 * commit to the branch of their own clone.
 */
export function refsOf(name: string): string[] {
  return [
    `refs/remotes/origin/${name}`,
    ...(name.includes("/") ? [`refs/remotes/${name}`] : []),
    `refs/heads/${name}`,
  ];
}

/** `origin/main` of `refs/remotes/origin/main`. */
export function nameOfRef(ref: string): string {
  return ref.replace(/^refs\/(remotes|heads)\//, "");
}
