// Carries a request whose body takes its time, and says how much of it is out: `fetch` cannot.

export function sendWithProgress(
    address: string,
    init: RequestInit,
    progress: (bytes: number) => void,
): Promise<Response> {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open(init.method ?? "POST", address);
        new Headers(init.headers).forEach((value, name) => request.setRequestHeader(name, value));
        request.responseType = "arraybuffer";
        request.upload.onprogress = ({loaded}) => progress(loaded);
        request.onload = () => resolve(responseOf(request));
        request.onerror = request.onabort = () => reject(new TypeError("no answer"));
        init.signal?.addEventListener("abort", () => request.abort());
        request.send(init.body as XMLHttpRequestBodyInit);
    });
}

function responseOf(request: XMLHttpRequest): Response {
    const headers = new Headers();
    for (const line of request.getAllResponseHeaders().trim().split(/[\r\n]+/)) {
        const at = line.indexOf(":");
        if (at > 0) {
            headers.append(line.slice(0, at), line.slice(at + 1).trim());
        }
    }
    return new Response(request.response as ArrayBuffer, {status: request.status, headers});
}
