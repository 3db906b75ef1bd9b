// The uploader names a file by `webkitRelativePath`, which browsers leave empty where a folder was dropped; the drop
// itself says the path, in a property of its own. Without it, two folders' 1.png would be the same to a manifest, and
// the folders could not say the class.

const own = Object.getOwnPropertyDescriptor(File.prototype, "webkitRelativePath");

const withFolders = {
  ...own,
  get() {
    const dropped = typeof this.relativePath === "string" ? this.relativePath.replace(/^\.?\/+/, "") : "";
    return own.get.call(this) || (dropped.includes("/") ? dropped : "");
  },
};

export default function () {
  Object.defineProperty(File.prototype, "webkitRelativePath", withFolders);
  return () => Object.defineProperty(File.prototype, "webkitRelativePath", own);
}
