def handler(event, context):
    name = event.get("name", "World")
    print("greeting", name)
    return {"greeting": f"Hello, {name}"}
