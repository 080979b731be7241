// What the suite asks of every language, by the name in "do". Events are as Python writes JSON.
#include <aws/lambda-runtime/runtime.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using aws::lambda_runtime::invocation_request;
using aws::lambda_runtime::invocation_response;
using std::string;
using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

extern char** environ;

static int calls = 0;
static std::mutex beating;
static std::vector<clock_type::time_point> beats;
static std::vector<string> taken;

static string variable(char const* name)
{
    auto const found = std::getenv(name);
    return found ? found : "";
}

static string quoted(string const& text)
{
    string made = "\"";
    for (unsigned char c : text) {
        char code[8];
        if (c == '"' || c == '\\')
            made += {'\\', static_cast<char>(c)};
        else if (c < 0x20)
            std::snprintf(code, sizeof code, "\\u%04x", c), made += code;
        else
            made += static_cast<char>(c);
    }
    return made + '"';
}

static void add_utf8(string& to, uint32_t code)
{
    if (code < 0x80)
        to += static_cast<char>(code);
    else if (code < 0x800)
        to += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    else
        to += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
               static_cast<char>(0x80 | (code & 0x3F))};
}

static string unquoted(string const& raw)
{
    string made;
    for (size_t at = 1; at + 1 < raw.size(); at++) {
        if (raw[at] != '\\')
            made += raw[at];
        else if (raw[++at] == 'u')
            add_utf8(made, std::stoul(raw.substr(at + 1, 4), nullptr, 16)), at += 4;
        else
            made += raw[at];
    }
    return made;
}

// The value of a member, as it is written; of the last one all but the brace.
static string member(string const& event, string const& name, bool last)
{
    auto const key = "\"" + name + "\": ";
    auto const at = event.find(key);
    if (at == string::npos)
        return "null";
    auto const begin = at + key.size();
    auto const end = last ? event.rfind('}') : event.find_first_of(",}", begin);
    return event.substr(begin, end - begin);
}

// The same in a text that somebody else wrote: a string, or an object without another in it.
static string part_of(string const& text, string const& name)
{
    auto const begin = text.find_first_of("{\"", text.find("\"" + name + "\":") + name.size() + 3);
    return text.substr(begin, text.find(text[begin] == '{' ? '}' : '"', begin + 1) + 1 - begin);
}

static void log_line(string const& level, string const& text)
{
    static std::map<string, int> const order = {{"DEBUG", 0}, {"INFO", 1}, {"WARN", 2}, {"ERROR", 3}};
    auto const least = variable("AWS_LAMBDA_LOG_LEVEL");
    if (order.at(level) < order.at(least.empty() ? "INFO" : least))
        return;
    if (variable("AWS_LAMBDA_LOG_FORMAT") != "JSON") {
        std::cerr << level << ' ' << text << std::endl;
        return;
    }
    char when[32];
    auto const now = std::time(nullptr);
    std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S.000Z", std::gmtime(&now));
    std::cerr << "{\"timestamp\": \"" << when << "\", \"level\": \"" << level << "\", \"message\": " << quoted(text)
              << "}" << std::endl;
}

static string about(invocation_request const& asked)
{
    std::ostringstream made;
    made << "{\"id\": " << quoted(asked.request_id) << ", \"name\": " << quoted(variable("AWS_LAMBDA_FUNCTION_NAME"))
         << ", \"version\": " << quoted(variable("AWS_LAMBDA_FUNCTION_VERSION"))
         << ", \"arn\": " << quoted(asked.function_arn)
         << ", \"memory\": " << quoted(variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
         << ", \"group\": " << quoted(variable("AWS_LAMBDA_LOG_GROUP_NAME"))
         << ", \"stream\": " << quoted(variable("AWS_LAMBDA_LOG_STREAM_NAME"))
         << ", \"left\": " << asked.get_time_remaining().count() << ", \"trace\": " << quoted(asked.xray_trace_id);
    if (!asked.client_context.empty())
        made << ", \"custom\": " << part_of(asked.client_context, "custom")
             << ", \"title\": " << part_of(asked.client_context, "app_title");
    return made.str() + "}";
}

static string environment()
{
    string made;
    for (auto line = environ; *line; line++) {
        string const one = *line;
        auto const at = one.find('=');
        made += (made.empty() ? "{" : ", ") + quoted(one.substr(0, at)) + ": " + quoted(one.substr(at + 1));
    }
    return made + "}";
}

static string read(string const& path)
{
    std::ifstream file(path);
    if (!file)
        return "null";
    return quoted(string(std::istreambuf_iterator<char>(file), {}));
}

static void note()
{
    std::lock_guard<std::mutex> held(beating);
    beats.push_back(clock_type::now());
}

static void beat()
{
    for (;; note())
        std::this_thread::sleep_for(milliseconds(2));
}

static size_t beats_so_far()
{
    std::lock_guard<std::mutex> held(beating);
    return beats.size();
}

static string longest_pause()
{
    for (auto const seen = beats_so_far(); beats_so_far() < seen + 5;)
        std::this_thread::sleep_for(milliseconds(2));
    std::lock_guard<std::mutex> held(beating);
    auto longest = clock_type::duration::zero();
    for (size_t at = 1; at < beats.size(); at++)
        longest = std::max(longest, beats[at] - beats[at - 1]);
    return std::to_string(std::chrono::duration_cast<milliseconds>(longest).count());
}

[[noreturn]] static void end_by(int signal)
{
    kill(getpid(), signal);
    for (;;)
        pause();
}

static string answer(invocation_request const& asked)
{
    auto const what = unquoted(member(asked.payload, "do", false)), raw = member(asked.payload, "value", true);
    auto const text = raw[0] == '"' && raw.size() < 1000 ? unquoted(raw) : "";
    auto const number = std::atoi(raw.c_str());
    if (what == "echo")
        return raw;
    if (what == "calls")
        return std::to_string(calls);
    if (what == "throw_odd")
        throw text;
    if (what.rfind("throw", 0) == 0)
        throw std::runtime_error(text);
    if (what == "context")
        return about(asked);
    if (what == "left") {
        auto const before = asked.get_time_remaining().count();
        std::this_thread::sleep_for(milliseconds(number));
        return "[" + std::to_string(before) + ", " + std::to_string(asked.get_time_remaining().count()) + "]";
    }
    if (what == "environment")
        return environment();
    if (what == "layer")
        return read("/opt/layered");
    if (what == "print") {
        std::cout << text << std::endl;
        log_line("WARN", text + " by the logger");
        return "null";
    }
    if (what == "log") {
        string level;
        for (char c : text)
            level += static_cast<char>(std::toupper(c));
        log_line(level, "at " + text);
        return "null";
    }
    if (what == "large")
        return quoted(string(number, 'x'));
    if (what == "exit")
        std::_Exit(number);
    if (what == "kill")
        end_by(number);
    if (what == "sleep") {
        std::this_thread::sleep_for(std::chrono::seconds(number));
        return "null";
    }
    if (what == "fill") {
        for (int at = 0; at < number; at++)
            taken.emplace_back(1 << 20, 'x');
        return std::to_string(taken.size());
    }
    if (what == "write") {
        std::ofstream file(text);
        return file && file << 'x' && file.flush() ? "true" : "false";
    }
    if (what == "read")
        return read(text);
    if (what == "beat") {
        note();
        std::thread(beat).detach();
        return "null";
    }
    if (what == "pause")
        return longest_pause();
    throw std::invalid_argument("nobody does " + what);
}

static invocation_response handle(invocation_request const& asked)
{
    calls++;
    auto const what = unquoted(member(asked.payload, "do", false));
    try {
        return invocation_response::success(answer(asked), "application/json");
    }
    catch (std::exception const& error) {
        // Not by `failure`, which takes each byte of é for a character of its own.
        auto const type = what == "throw_own" ? "Own" : "runtime_error";
        auto const told = "{\"errorMessage\": " + quoted(error.what()) + ", \"errorType\": " + quoted(type) + "}";
        return invocation_response(told, "application/json", false, "");
    }
}

int main()
{
    auto const handler = variable("_HANDLER"), ends = variable("ENDS");
    if (handler == "every") {
        aws::lambda_runtime::run_handler(handle);
        return 0;
    }
    if (handler == "broken")
        throw std::runtime_error("broken from the start");
    if (handler == "ends") {
        auto const status = std::atoi(ends.c_str());
        if (status < 0)
            end_by(-status);
        return status;
    }
    std::cerr << "no such handler: " << handler << std::endl;
    return 1;
}
