// Says what has arrived, once everything has.
addEventListener("load", () => {
    const find = (id) => document.getElementById(id);
    const ask = (path, fields) => {
        const request = new XMLHttpRequest();
        request.open("GET", path, false);
        for (const [name, value] of Object.entries(fields)) request.setRequestHeader(name, value);
        request.send();
        return request;
    };
    const style = getComputedStyle(find("text")).marginLeft;
    const picture = find("picture");
    const part = ask("digits.txt", { Range: "bytes=2-4" });
    const tag = ask("digits.txt", {}).getResponseHeader("ETag");
    const known = ask("digits.txt", { "If-None-Match": tag });
    find("text").textContent = [
        `style ${style}`,
        `picture ${picture.naturalWidth}x${picture.naturalHeight}`,
        `frame ${find("frame").contentDocument.body.textContent.trim()}`,
        `part ${part.status} ${part.responseText}`,
        `known ${known.status}`,
    ].join(", ");
});
