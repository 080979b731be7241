/* The least that a runtime can be: it asks for events and answers with them, over one connection. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BASE "/2018-06-01/runtime/invocation/"

static char answer[65536], request[65536];

static int connected(const char *api) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64] = "";
    int port = 0, on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (sscanf(api, "%63[^:]:%d", host, &port) != 2)
        exit(1);
    to.sin_port = htons(port);
    inet_pton(AF_INET, host, &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static const char *header(const char *name) {
    const char *found = strcasestr(answer, name);
    return found ? found + strlen(name) : "";
}

/* Sends what is in `request`; the answer's body, whose length is put into `length`. */
static const char *ask(int fd, int *length) {
    size_t have = 0;
    const char *body = NULL;
    if (write(fd, request, strlen(request)) < 0)
        exit(1);
    do {
        ssize_t more = read(fd, answer + have, sizeof answer - 1 - have);
        if (more <= 0)
            exit(1);
        answer[have += more] = 0;
        if (!body && (body = strstr(answer, "\r\n\r\n"))) {
            body += 4;
            *length = atoi(header("\r\ncontent-length:"));
        }
    } while (!body || have - (body - answer) < (size_t)*length);
    return body;
}

int main(void) {
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    int length = 0, fd = api ? connected(api) : -1;
    for (;;) {
        snprintf(request, sizeof request, "GET " BASE "next HTTP/1.1\r\nHost: %s\r\n\r\n", api);
        const char *body = ask(fd, &length);
        char id[64] = "";
        sscanf(header("\r\nlambda-runtime-aws-request-id:"), " %63[^\r]", id);
        snprintf(request, sizeof request,
                 "POST " BASE "%s/response HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%.*s",
                 id, api, length, length, body);
        ask(fd, &length);
    }
}
