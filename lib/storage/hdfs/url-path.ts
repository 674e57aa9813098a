/** What the paths of all URLs of WebHDFS begin with. */
export const webHdfsRoot = '/webhdfs/v1'

/** A path in HDFS as it stands in a URL. */
export const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
